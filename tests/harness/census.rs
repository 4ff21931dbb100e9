//! Lists the items of a table after applies, and finds those that must not exist.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde_json::Value;

use crate::{Item, TestApp, json};

/// Items by partition and sort key, without counts of failed sign-ins, because a look signs in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Census(BTreeMap<(String, String), Item>);

/// Everything that a user has, with the ids of clones replaced by those of their sources. It is equal after every apply of one
/// snapshot.
pub type Contents = BTreeSet<String>;

/// A state that must not exist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A visible user is incomplete; names the user and the difference.
    PartialUser(String),
    /// So many items belong to a user who does not exist.
    Orphans(usize),
    /// An e-mail address is reserved by an apply that has ended, or owned by nobody.
    HeldAddress(String),
    /// Two users have one address.
    TwoUsers(String),
    /// An apply has not ended, or waits for a sweep.
    Unfinished(String),
    /// Items that belong together do not fit together.
    BrokenRelation(String),
    /// An answer to a caller differs from the table.
    WrongAnswer(String),
}

/// Attributes that differ between applies of one snapshot.
const OWN: [&str; 10] =
    ["PK", "SK", "LISTPK", "LISTSK", "email", "createdAt", "updatedAt", "passwordHash", "firstSignInAt", "clonedFrom"];

const META: &str = "#META";

impl Census {
    /// Reads all items of the table.
    pub async fn of(app: &TestApp) -> Self {
        let items = app.items().await.into_iter().map(|item| (key(&item), item));
        Self(items.filter(|((_, sk), _)| !sk.starts_with("FAILURES")).collect())
    }

    /// Returns the items that were added since `earlier`.
    pub fn since(mut self, earlier: &Self) -> Self {
        self.0.retain(|key, _| !earlier.0.contains_key(key));
        self
    }

    /// Returns the items in the partitions that `is_meant` selects.
    pub fn partitions(mut self, is_meant: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|(pk, _), _| is_meant(pk));
        self
    }

    /// Returns the items of both.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The items, in the order of their keys.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.0.values()
    }

    /// Returns whether exactly this item exists.
    pub fn holds(&self, item: &Item) -> bool {
        self.0.get(&key(item)) == Some(item)
    }

    /// Returns the users, visible or not: the partition of each, with its items.
    fn users(&self) -> BTreeMap<&str, BTreeMap<&str, &Item>> {
        let mut users: BTreeMap<&str, BTreeMap<&str, &Item>> = BTreeMap::new();
        for ((pk, sk), item) in self.0.iter().filter(|((pk, _), _)| pk.contains("#USER#")) {
            users.entry(pk).or_default().insert(sk, item);
        }
        users
    }

    /// The records of applies.
    fn applies(&self) -> impl Iterator<Item = &Item> {
        self.0.iter().filter(|((_, sk), _)| sk.starts_with("APPLY#")).map(|(_, item)| item)
    }

    /// Returns the ids of the users of applies, finished or not.
    pub fn made_users(&self) -> Vec<String> {
        self.applies().map(|apply| text(apply, "userId").to_owned()).collect()
    }

    /// Returns the items of the only user with a profile.
    pub fn only_user(&self) -> Contents {
        let users = self.users();
        let there: Vec<_> = users.values().filter(|items| items.contains_key(META)).collect();
        let [user] = there[..] else { panic!("{} users are there", there.len()) };
        contents(user)
    }

    /// Finds every user with a profile whose items differ from `whole`, and every address with two users.
    pub fn partial_users(&self, whole: &Contents) -> Vec<Finding> {
        let mut addresses = BTreeSet::new();
        let mut findings = Vec::new();
        for (pk, items) in self.users() {
            let Some(profile) = items.get(META) else { continue };
            let has = contents(&items);
            if has != *whole {
                let (missing, strange) = (whole.difference(&has).count(), has.difference(whole).count());
                findings.push(Finding::PartialUser(format!("{pk}: {missing} items missing, {strange} strange")));
            }
            if !addresses.insert(text(profile, "email")) {
                findings.push(Finding::TwoUsers(text(profile, "email").to_owned()));
            }
        }
        findings
    }

    /// Finds states that must not exist once everything has ended.
    pub fn leftovers(&self) -> Vec<Finding> {
        let users = self.users();
        let is_there = |user: &str| users.iter().any(|(pk, items)| pk.ends_with(user) && items.contains_key(META));
        let mut findings = Vec::new();
        let orphans: usize = users.values().filter(|items| !items.contains_key(META)).map(BTreeMap::len).sum();
        if orphans > 0 {
            findings.push(Finding::Orphans(orphans));
        }
        for ((pk, sk), claim) in self.0.iter().filter(|((pk, _), _)| pk.starts_with("EMAIL#")) {
            if sk != META || claim.contains_key("reservedBy") || !is_there(text(claim, "userId")) {
                findings.push(Finding::HeldAddress(pk.clone()));
            }
        }
        for apply in self.applies() {
            let (state, id) = (text(apply, "state"), text(apply, "SK"));
            let is_final = match state {
                "COMMITTED" => is_there(text(apply, "userId")),
                "ABORTED" | "UNDONE" => !is_there(text(apply, "userId")),
                _ => false,
            };
            if !is_final || apply.contains_key("ALLPK") || apply.contains_key("passwordHash") {
                findings.push(Finding::Unfinished(format!("{id} is {state}")));
            }
        }
        findings
    }
}

fn key(item: &Item) -> (String, String) {
    (text(item, "PK").to_owned(), text(item, "SK").to_owned())
}

fn text<'i>(item: &'i Item, name: &str) -> &'i str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

fn contents(items: &BTreeMap<&str, &Item>) -> Contents {
    // A clone says where it comes from: the snapshot, its revision and the source's id. A profile names its apply.
    let source = |item: &'_ Item| match text(item, "SK") {
        META => String::new(),
        _ => text(item, "clonedFrom").rsplit(':').next().unwrap_or_default().to_owned(),
    };
    let sources: HashMap<&str, String> =
        items.iter().filter_map(|(sk, item)| Some((sk.split_once('#')?.1, source(item)))).collect();
    let described = items.iter().map(|(sk, item)| {
        let kind = sk.split('#').next().unwrap_or_default();
        let fields = item.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
        let fields: BTreeMap<_, _> = fields.map(|(name, value)| (name, renamed(json(value), &sources))).collect();
        format!("{kind} {} {fields:?}", source(item))
    });
    described.collect()
}

/// Replaces every text and every name that is the id of a clone.
fn renamed(value: Value, sources: &HashMap<&str, String>) -> Value {
    let rename = |text: String| sources.get(text.as_str()).cloned().unwrap_or(text);
    match value {
        Value::String(text) => Value::String(rename(text)),
        Value::Array(values) => values.into_iter().map(|value| renamed(value, sources)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (rename(name), renamed(value, sources))).collect()
        }
        other => other,
    }
}

impl Finding {
    /// Returns the kind of the finding.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PartialUser(_) => "partial user",
            Self::Orphans(_) => "orphans",
            Self::HeldAddress(_) => "held address",
            Self::TwoUsers(_) => "two users",
            Self::Unfinished(_) => "unfinished",
            Self::BrokenRelation(_) => "broken relation",
            Self::WrongAnswer(_) => "wrong answer",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orphans(items) => write!(f, "{items} orphans"),
            Self::PartialUser(what)
            | Self::HeldAddress(what)
            | Self::TwoUsers(what)
            | Self::Unfinished(what)
            | Self::BrokenRelation(what)
            | Self::WrongAnswer(what) => write!(f, "{}: {what}", self.kind()),
        }
    }
}
