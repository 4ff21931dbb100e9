//! What template.yaml grants a function on the table, what the calls of a function demand, and how the one is judged by the
//! other: each action of a call with all keys of the call together.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{Call, TestApp};

/// One right: an action on the table or on one of its indexes, under partition keys that begin like this.
pub(crate) type Right = (String, String, String);

/// What one call asks of one action: every partition key under which it takes the action, and for updates every attribute that
/// it names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Demand {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) keys: BTreeSet<String>,
    pub(crate) attributes: BTreeSet<String>,
}

/// A statement about the table.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) actions: Vec<String>,
    pub(crate) resource: String,
    pub(crate) patterns: Vec<String>,
    /// Where the statement limits them, the attributes that a call may name.
    pub(crate) attributes: Option<BTreeSet<String>>,
}

impl Statement {
    /// Whether this statement alone grants what is demanded. Where it grants all keys together, it grants each of them, too; so a
    /// demand that is met holds whichever way DynamoDB judges a transaction or a batch.
    pub(crate) fn grants(&self, demand: &Demand) -> bool {
        let grants_key = |key: &String| self.patterns.iter().any(|pattern| fits(pattern, key));
        self.actions.contains(&demand.action)
            && self.resource == demand.resource
            && demand.keys.iter().all(grants_key)
            && self.attributes.as_ref().is_none_or(|allowed| demand.attributes.is_subset(allowed))
    }

    /// The statement taken apart into single rights.
    pub(crate) fn rights(&self) -> impl Iterator<Item = Right> {
        self.actions.iter().flat_map(|action| {
            self.patterns.iter().map(|pattern| (action.clone(), self.resource.clone(), pattern.clone()))
        })
    }
}

pub(crate) fn template() -> Value {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// The properties of the role of a function.
pub(crate) fn role<'t>(template: &'t Value, function: &str) -> &'t Value {
    let role = template["Resources"][function]["Properties"]["Role"].as_str().unwrap();
    &template["Resources"][role.strip_suffix(".Arn").unwrap()]["Properties"]
}

/// The statements about the table in the role of a function, with and without the limits on keys.
pub(crate) fn granted(template: &Value, function: &str) -> Vec<Statement> {
    let policies = role(template, function)["Policies"].as_array().unwrap();
    let all = policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
    all.filter_map(|statement| read(function, statement)).collect()
}

/// The statements about the table in a managed policy.
pub(crate) fn granted_by(template: &Value, policy: &str) -> Vec<Statement> {
    let statements = &template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"];
    statements.as_array().unwrap().iter().filter_map(|statement| read(policy, statement)).collect()
}

/// Reads a statement; `None` for what no call to the table shows: the one secret, the one queue, and the function's log group.
fn read(function: &str, statement: &Value) -> Option<Statement> {
    assert_eq!(statement["Effect"], "Allow");
    let resource = match own_table(&statement["Resource"]) {
        "SnapshotTable.Arn" => "table",
        "${SnapshotTable.Arn}/index/LIST" => "LIST",
        "${SnapshotTable.Arn}/index/ALL" => "ALL",
        "SigningKeySecretArn" | "RefreshQueue.Arn" => return None,
        other => {
            let own_group = function.strip_suffix("Function").map(|name| format!("{name}LogGroup.Arn"));
            assert_eq!(Some(other), own_group.as_deref(), "{function}");
            return None;
        }
    };
    // `!If` of the parameter: what holds with the limits, and what holds without.
    let parts = statement["Condition"].as_array().unwrap();
    let (switch, condition, without) = (&parts[0], &parts[1], &parts[2]);
    assert_eq!(switch, "LimitsRightsToKeys", "{function}: {statement}");
    assert!(!without.to_string().contains("dynamodb:LeadingKeys"), "{function}: {statement}");
    assert_eq!(condition["Null"]["dynamodb:LeadingKeys"], "false", "{function}: {statement}");
    let attributes = condition.get("ForAllValues:StringEquals").map(|limit| &limit["dynamodb:Attributes"]);
    Some(Statement {
        actions: one_or_many(&statement["Action"]),
        resource: resource.to_owned(),
        patterns: one_or_many(&condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]),
        attributes: attributes.map(|names| one_or_many(names).into_iter().collect()),
    })
}

/// Returns a resource as it is where the stack makes its table. With `TableName`, the same part of that table is meant.
fn own_table(resource: &Value) -> &str {
    let Some(parts) = resource.as_array() else { return resource.as_str().unwrap() };
    let [switch, own, given] = [0, 1, 2].map(|place| parts[place].as_str().unwrap());
    assert_eq!((switch, parts.len()), ("MakesTable", 3));
    let table = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}";
    let index = own.strip_prefix("${SnapshotTable.Arn}").unwrap_or_default();
    assert_eq!(given, format!("{table}{index}"), "{own}");
    own
}

pub(crate) fn one_or_many(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    }
}

/// Whether a key is as a pattern of `StringLike`, in which `*` is any text and `?` one letter.
pub(crate) fn fits(pattern: &str, pk: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => pk.is_empty(),
        Some('*') => (0..=pk.len()).any(|start| pk.is_char_boundary(start) && fits(letters.as_str(), &pk[start..])),
        Some(letter) => {
            let mut key = pk.chars();
            key.next().is_some_and(|other| letter == '?' || letter == other) && fits(letters.as_str(), key.as_str())
        }
    }
}

/// What the calls so far demand.
pub(crate) fn demanded(app: &TestApp) -> BTreeSet<Demand> {
    app.recorded().calls.iter().flat_map(demands).collect()
}

/// What one call demands: one demand for each action that it takes.
pub(crate) fn demands(call: &Call) -> Vec<Demand> {
    let request = &call.request;
    let in_table = |name: &str| request["RequestItems"]["snapshots"][name].as_array().into_iter().flatten();
    match call.operation.as_str() {
        "Query" => {
            let resource = request["IndexName"].as_str().unwrap_or("table");
            let pk = request["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap().to_owned();
            vec![Demand { resource: resource.to_owned(), keys: [pk].into(), ..demand("Query", [], []) }]
        }
        "BatchGetItem" => vec![demand("BatchGetItem", in_table("Keys"), [])],
        "BatchWriteItem" => {
            let writes = request["RequestItems"]["snapshots"].as_array().unwrap();
            vec![demand("BatchWriteItem", writes.iter().map(|write| &write["DeleteRequest"]["Key"]), [])]
        }
        "TransactGetItems" | "TransactWriteItems" => {
            let items = request["TransactItems"].as_array().unwrap();
            let elements: Vec<_> = items.iter().map(|item| item.as_object().unwrap().iter().next().unwrap()).collect();
            let kinds: BTreeSet<_> = elements.iter().map(|(kind, _)| kind.as_str()).collect();
            let of = |kind| elements.iter().filter(move |(other, _)| *other == kind).map(|(_, element)| *element);
            kinds.into_iter().map(|kind| single(&format!("{kind}Item"), of(kind))).collect()
        }
        operation => vec![single(operation, std::iter::once(request))],
    }
}

/// The demand of an action that a single call or some elements of a transaction take.
fn single<'v>(action: &str, elements: impl Iterator<Item = &'v Value> + Clone) -> Demand {
    let keys = elements.clone().map(|element| element.get("Item").unwrap_or(&element["Key"]));
    demand(action, keys, elements.filter(|_| action == "UpdateItem"))
}

/// A demand of an action on the table, with the updates whose attributes count.
fn demand<'v>(
    action: &str,
    keys: impl IntoIterator<Item = &'v Value>,
    updates: impl IntoIterator<Item = &'v Value>,
) -> Demand {
    Demand {
        action: format!("dynamodb:{action}"),
        resource: "table".to_owned(),
        keys: keys.into_iter().map(|key| key["PK"]["S"].as_str().unwrap().to_owned()).collect(),
        attributes: updates.into_iter().flat_map(attributes).collect(),
    }
}

/// The attributes that an update names: those of its key, and what it does and is conditioned on.
fn attributes(update: &Value) -> BTreeSet<String> {
    const WORDS: [&str; 13] = [
        "SET",
        "ADD",
        "REMOVE",
        "DELETE",
        "AND",
        "OR",
        "NOT",
        "IN",
        "attribute_exists",
        "attribute_not_exists",
        "size",
        "contains",
        "if_not_exists",
    ];
    let placeholders = update["ExpressionAttributeNames"].as_object().into_iter().flat_map(|names| names.values());
    let mut named: BTreeSet<String> = placeholders.map(|name| name.as_str().unwrap().to_owned()).collect();
    named.extend(["PK", "SK"].map(str::to_owned));
    for expression in ["UpdateExpression", "ConditionExpression"].map(|name| update[name].as_str().unwrap_or_default())
    {
        let words = expression.split(|letter: char| !(letter.is_ascii_alphanumeric() || "_#:".contains(letter)));
        let own = words.filter(|word| word.starts_with(|letter: char| letter.is_ascii_alphabetic()));
        named.extend(own.filter(|word| !WORDS.contains(word)).map(str::to_owned));
    }
    named
}
