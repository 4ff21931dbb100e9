//! What stands in a table after applies, and what of it must not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde_json::Value;

use crate::{Item, TestApp, json};

/// Items by partition and sort key. Counts of failed sign-ins are left out: whoever looks signs in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Census(BTreeMap<(String, String), Item>);

/// Everything that a user has, the ids of clones replaced by those of their sources: it is the same after every apply of one
/// snapshot.
pub type Contents = BTreeSet<String>;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Somebody sees a user who has not everything; says who it is and what shows it.
    PartialUser(String),
    /// So many items belong to a user who is not there.
    Orphans(usize),
    /// An e-mail address is reserved by an apply that has ended, or owned by nobody.
    HeldAddress(String),
    /// Two users have one address.
    TwoUsers(String),
    /// An apply has not ended, or is still to be swept.
    Unfinished(String),
    /// A caller was told something else than what is there.
    WrongAnswer(String),
}

/// What belongs to one apply and not to another of the same snapshot.
const OWN: [&str; 10] =
    ["PK", "SK", "LISTPK", "LISTSK", "email", "createdAt", "updatedAt", "passwordHash", "firstSignInAt", "clonedFrom"];

const META: &str = "#META";

impl Census {
    /// All that stands in the table.
    pub async fn of(app: &TestApp) -> Self {
        let items = app.items().await.into_iter().map(|item| (key(&item), item));
        Self(items.filter(|((_, sk), _)| !sk.starts_with("FAILURES")).collect())
    }

    /// What has come since `earlier`.
    pub fn since(mut self, earlier: &Self) -> Self {
        self.0.retain(|key, _| !earlier.0.contains_key(key));
        self
    }

    /// The part of it whose partitions `is_meant` names.
    pub fn partitions(mut self, is_meant: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|(pk, _), _| is_meant(pk));
        self
    }

    /// Both.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The items, in the order of their keys.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.0.values()
    }

    /// Whether this very item is there.
    pub fn holds(&self, item: &Item) -> bool {
        self.0.get(&key(item)) == Some(item)
    }

    /// The users, seen or not: the partition of each, with what is in it.
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

    /// The ids of the users that applies make or have made.
    pub fn made_users(&self) -> Vec<String> {
        self.applies().map(|apply| text(apply, "userId").to_owned()).collect()
    }

    /// What the only user has whose profile is there.
    pub fn only_user(&self) -> Contents {
        let users = self.users();
        let there: Vec<_> = users.values().filter(|items| items.contains_key(META)).collect();
        let [user] = there[..] else { panic!("{} users are there", there.len()) };
        contents(user)
    }

    /// Every user whose profile is there and who has something else than `whole`, and every address with two users.
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

    /// What must not be there once everything has ended.
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
    // A clone says where it comes from: the snapshot, its revision and the source's id.
    let source = |item: &'_ Item| text(item, "clonedFrom").rsplit(':').next().unwrap_or_default().to_owned();
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

/// The same value with every text and every name that is the id of a clone replaced.
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
    /// What kind of finding it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PartialUser(_) => "partial user",
            Self::Orphans(_) => "orphans",
            Self::HeldAddress(_) => "held address",
            Self::TwoUsers(_) => "two users",
            Self::Unfinished(_) => "unfinished",
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
            | Self::WrongAnswer(what) => write!(f, "{}: {what}", self.kind()),
        }
    }
}
