//! Makes organizations and users of the entries of a file: gives ids and times where they are absent, and notes what stands there twice
//! or cannot be stored.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;

use serde::Serialize;
use shared::domain::{
    Document, ItemKind, MAX_STAGES, ObjectId, Organization, PerKind, Setup, SetupItem, Timestamp, User,
};
use shared::store::{UnstorableDocument, check_storable};

use super::entries::{ItemEntry, OrganizationEntry, StageEntry, UserEntry, WorkspaceEntry};
use super::fields::ListEntry;
use super::made_id::{id_within, organization_id};
use super::reading::PlacedReason;
use super::{Member, Tenant, Workspace};

/// Assembles a workspace at `now`, and notes what is wrong.
pub(super) fn assemble(file: WorkspaceEntry, now: Timestamp, refusals: &mut Vec<PlacedReason>) -> Workspace {
    let mut assembly = Assembly { now, refusals, users: Unique::default(), emails: Unique::default() };
    let mut ids = Unique::default();
    let mut organizations = Vec::new();
    for organization in file.organizations {
        organizations.push(assembly.tenant(organization, &mut ids));
    }
    Workspace { organizations }
}

struct Assembly<'a> {
    now: Timestamp,
    refusals: &'a mut Vec<PlacedReason>,
    users: Unique<ObjectId>,
    emails: Unique<String>,
}

impl Assembly<'_> {
    fn tenant(&mut self, listed: ListEntry<OrganizationEntry>, ids: &mut Unique<ObjectId>) -> Tenant {
        let ListEntry { pointer: here, entry } = listed;
        let OrganizationEntry { id, name, trusted_destinations, pipelines, agents, users } = entry;
        let names_trusted_destinations = trusted_destinations.is_some();
        let trusted_destinations = trusted_destinations.unwrap_or_default();
        self.check_storable(&(&name, &trusted_destinations), &here);
        let given = GivenId { id, here: &here, what: "organization of this name" };
        let id = given.or_made(organization_id(&name), ids, self.refusals);
        let mut organization = Organization {
            id,
            name,
            pipelines: Vec::new(),
            agents: Vec::new(),
            trusted_destinations,
            left_out: Vec::new(),
        };
        let mut ids = Unique::default();
        for ListEntry { pointer, entry } in pipelines {
            self.check_stages(&entry.stages, &pointer);
            let made = id_within(id, "pipeline", &entry.name);
            let given = GivenId { id: entry.id, here: &pointer, what: "pipeline of this name" };
            let pipeline = entry.into_pipeline(given.or_made(made, &mut ids, self.refusals));
            self.check_storable(&pipeline, &pointer);
            organization.pipelines.push(pipeline);
        }
        let mut ids = Unique::default();
        for ListEntry { pointer, entry } in agents {
            let made = id_within(id, "agent", &entry.name);
            let given = GivenId { id: entry.id, here: &pointer, what: "agent of this name" };
            let agent = entry.into_agent(given.or_made(made, &mut ids, self.refusals));
            self.check_storable(&agent, &pointer);
            organization.agents.push(agent);
        }
        let users = users.into_iter().map(|user| self.member(user, id)).collect();
        Tenant { organization, names_trusted_destinations, users }
    }

    /// Notes too many stages, and two of one name: automations refer to a stage by its name.
    fn check_stages(&mut self, stages: &[ListEntry<StageEntry>], pipeline: &str) {
        if stages.len() > MAX_STAGES {
            let reason = format!("there are {} stages; at most {MAX_STAGES} are allowed", stages.len());
            self.refusals.push((format!("{pipeline}/stages"), reason));
        }
        let mut names = Unique::default();
        for ListEntry { pointer, entry } in stages {
            names.add(entry.0.name.clone(), &format!("{pointer}/name"), self.refusals);
        }
    }

    fn member(&mut self, listed: ListEntry<UserEntry>, organization: ObjectId) -> Member {
        let ListEntry { pointer: here, entry } = listed;
        let key = entry.email.key().as_str();
        let earlier = self.refusals.len();
        self.emails.add(key.to_owned(), &format!("{here}/email"), self.refusals);
        let is_new_address = self.refusals.len() == earlier;
        let (made, has_given_id) = (id_within(organization, "user", key), entry.id.is_some());
        let id = match entry.id {
            Some(id) => self.users.add(id, &format!("{here}/_id"), self.refusals),
            // Two made ids are equal if two addresses are, and the address above says it already.
            None if is_new_address && !self.users.insert(made) => {
                let reason =
                    format!("the id {made} is made of its address and stands here as an `_id`; give it another `_id`");
                self.refusals.push((here.clone(), reason));
                made
            }
            None => made,
        };
        let created_at = entry.created_at.unwrap_or(self.now);
        let names_login_disabled = entry.login_disabled.is_some();
        let user = User {
            id,
            organization,
            department: entry.department_id,
            email: entry.email,
            full_name: Some(entry.full_name),
            phone_number: entry.phone_number,
            designation: entry.designation,
            role: entry.access_role,
            login_disabled: entry.login_disabled.unwrap_or_default(),
            created_at,
            updated_at: created_at,
        };
        self.check_storable(&entry.preferences, &format!("{here}/preferences"));
        let PerKind { automations, prompts, templates } = entry.items;
        let items = PerKind {
            automations: self.items(ItemKind::Automation, automations, id),
            prompts: self.items(ItemKind::Prompt, prompts, id),
            templates: self.items(ItemKind::Template, templates, id),
        };
        Member { user, names_login_disabled, has_given_id, setup: Setup { items, preferences: entry.preferences } }
    }

    /// Returns the items of one kind, sorted by id, as a setup requires.
    fn items(&mut self, kind: ItemKind, entries: Vec<ListEntry<ItemEntry>>, user: ObjectId) -> Vec<SetupItem> {
        let mut ids = Unique::default();
        let mut items = Vec::with_capacity(entries.len());
        for ListEntry { pointer, entry } in entries {
            let document = Document::new(entry.document);
            let what = format!("{kind} of this name");
            let given = GivenId { id: entry.id, here: &pointer, what: &what };
            let id = given.or_made(id_within(user, kind.as_str(), document.name()), &mut ids, self.refusals);
            self.check_storable(&document, &pointer);
            items.push(SetupItem { id, document });
        }
        items.sort_by_key(|item| item.id);
        items
    }

    /// Notes the first value that DynamoDB would refuse when half of the workspace is written.
    fn check_storable(&mut self, document: &impl Serialize, here: &str) {
        if let Err(UnstorableDocument { pointer, reason }) = check_storable(document) {
            self.refusals.push((format!("{here}{pointer}"), reason));
        }
    }
}

/// The id of an entry, if it has one.
struct GivenId<'a> {
    id: Option<ObjectId>,
    here: &'a str,
    what: &'a str,
}

impl GivenId<'_> {
    /// Returns the id, or the one that is made. Notes one that stands here twice.
    fn or_made(self, made: ObjectId, ids: &mut Unique<ObjectId>, refusals: &mut Vec<PlacedReason>) -> ObjectId {
        match self.id {
            Some(id) => ids.add(id, &format!("{}/_id", self.here), refusals),
            None => {
                if !ids.insert(made) {
                    let reason = format!("another {} has no `_id` either; give one of them an `_id`", self.what);
                    refusals.push((self.here.to_owned(), reason));
                }
                made
            }
        }
    }
}

struct Unique<T>(HashSet<T>);

impl<T> Default for Unique<T> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<T: Eq + Hash + fmt::Display + Clone> Unique<T> {
    fn insert(&mut self, value: T) -> bool {
        self.0.insert(value)
    }

    /// Returns the value, and notes it if it is here already.
    fn add(&mut self, value: T, pointer: &str, refusals: &mut Vec<PlacedReason>) -> T {
        if !self.insert(value.clone()) {
            refusals.push((pointer.to_owned(), format!("{value} stands here a second time")));
        }
        value
    }
}
