//! Loads into a table that already has things: compares, then writes what the mode allows.

use std::borrow::Cow;

use shared::domain::{Fault, StoredProfile, Timestamp, User};
use shared::store::{
    AddressHolder, CreateUserOutcome, EditAuthority, OrganizationDifferences, OrganizationWriter, ProfileState,
    Profiles, SetupDifferences, SetupWriter, Table, UserEdit, UserEditOutcome, UserEditor,
};

use super::setup_load::{SetupLoad, SetupWrites, named, switch_names};
use super::{LoadError, LoadReport, PasswordHashes, describe_organization, describe_user};
use crate::workspace::{Member, Tenant, Workspace};

/// How often a change of a user starts over because another one came first.
const ATTEMPTS: u32 = 4;

/// How many names of items a line of the report has.
const MAX_NAMES: usize = 5;

/// What a load does to organizations and users that the table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadMode {
    /// Reports the items that they lack, because a user may have deleted them.
    Report,
    /// Writes the items that they lack.
    Missing,
    /// Writes the items that they lack, and changes what differs.
    Update,
}

/// A load of a workspace.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    /// The table.
    pub table: &'a Table,
    /// The workspace.
    pub workspace: &'a Workspace,
    /// What it does to what the table has.
    pub mode: LoadMode,
    /// Whether it only says what it would do.
    pub is_dry: bool,
    /// The time of changes.
    pub now: Timestamp,
}

impl Load<'_> {
    /// Loads, and removes nothing. An organization or a user that the table lacks is written as a whole or not at all, so this completes
    /// an interrupted load.
    pub async fn run(&self, hashes: &PasswordHashes) -> Result<LoadReport, LoadError> {
        let mut pass = LoadPass { load: *self, hashes, report: LoadReport::default(), begun: None };
        for tenant in &self.workspace.organizations {
            if let Err(fault) = pass.tenant(tenant).await {
                let begun = pass.begun.map(|what| format!("a part of {what}"));
                let before = [pass.report.written, pass.report.changed, begun.into_iter().collect()].concat();
                return Err(LoadError::Fault { fault, before: if self.is_dry { Vec::new() } else { before } });
            }
        }
        Ok(pass.report)
    }
}

struct LoadPass<'a> {
    load: Load<'a>,
    hashes: &'a PasswordHashes,
    report: LoadReport,
    /// The user who is changed in part.
    begun: Option<String>,
}

impl LoadPass<'_> {
    async fn tenant(&mut self, tenant: &Tenant) -> Result<(), Fault> {
        let organization = &tenant.organization;
        let what = describe_organization(organization);
        let organizations = OrganizationWriter::new(self.load.table);
        match organizations.compare(organization, tenant.names_trusted_destinations).await? {
            Some(differences) => self.existing_organization(what, &differences).await?,
            None if self.load.is_dry || organizations.create(organization).await? => self.report.written.push(what),
            None => self.report.found.push(what),
        }
        let mut existing = Vec::new();
        for member in &tenant.users {
            let (profiles, member) = (Profiles::new(self.load.table), self.resolved(member).await?);
            match profiles.find(organization.id, member.user.id).await? {
                ProfileState::Stored(profile) if !member.has_given_id && has_moved(&member, &profile) => {
                    let reason = format!(
                        "the id that is made of its address is of a user whose address is {} now; give it another `_id`",
                        profile.user.email
                    );
                    self.refuse(describe_user(&member.user), &reason);
                }
                ProfileState::Stored(profile) => existing.push((member, profile)),
                ProfileState::Absent => self.new_user(&member).await?,
                ProfileState::Removed => {
                    let reason = "it was removed, and its id never comes back; give it another `_id`";
                    self.refuse(describe_user(&member.user), reason);
                }
                ProfileState::Unreadable => {
                    self.refuse(describe_user(&member.user), "its profile is of another system and cannot be read");
                }
            }
        }
        // After the new ones, and those who become administrators before those who give it up: one of them may be who stays.
        existing.sort_by_key(|(member, profile)| member.change().of(&profile.user).gives_up_administration);
        for (member, profile) in existing {
            self.existing_user(&member, *profile).await?;
        }
        Ok(())
    }

    /// Returns the member under the id of the user who has the address in this organization, unless the file has an id.
    async fn resolved<'m>(&self, member: &'m Member) -> Result<Cow<'m, Member>, Fault> {
        let user = &member.user;
        if member.has_given_id {
            return Ok(Cow::Borrowed(member));
        }
        Ok(match AddressHolder::of(self.load.table, &user.email).await? {
            AddressHolder::User { organization, user: id } if organization == user.organization && id != user.id => {
                Cow::Owned(Member { user: User { id, ..user.clone() }, ..member.clone() })
            }
            _ => Cow::Borrowed(member),
        })
    }

    async fn existing_organization(
        &mut self,
        what: String,
        differences: &OrganizationDifferences,
    ) -> Result<(), Fault> {
        let organizations = OrganizationWriter::new(self.load.table);
        let (absent, mut differing) = (differences.absent(), differences.differing());
        if self.writes_absent(&absent) {
            organizations.add(differences).await?;
        }
        let is_written = self.changes(&differing) && !self.load.is_dry;
        let left = if is_written { organizations.change(differences).await? } else { Vec::new() };
        if !left.is_empty() {
            self.refuse(what.clone(), &changed_meanwhile(&left));
            differing.retain(|name| !left.contains(name));
        }
        self.report.others += differences.others;
        self.note(what, &absent, &differing);
        Ok(())
    }

    async fn new_user(&mut self, member: &Member) -> Result<(), Fault> {
        let Member { user, setup, .. } = member;
        let what = describe_user(user);
        let hash = if self.load.is_dry { None } else { self.hashes.of(user) };
        if hash.is_some() {
            match SetupWriter::new(self.load.table).create_user(user, hash, setup).await? {
                CreateUserOutcome::Created => {
                    self.report.written.push(what);
                    return Ok(());
                }
                CreateUserOutcome::UserExists => {
                    self.report.found.push(what);
                    return Ok(());
                }
                CreateUserOutcome::EmailTaken => {}
            }
        }
        match AddressHolder::of(self.load.table, &user.email).await? {
            AddressHolder::Nobody if self.load.is_dry => {
                self.report.new_users.push(user.clone());
                self.report.written.push(what);
            }
            AddressHolder::Nobody if hash.is_none() => {
                self.refuse(what, "its address was not free when passwords were asked for; run this again");
            }
            AddressHolder::Nobody => self.refuse(what, "its address was not free a moment ago; run this again"),
            AddressHolder::User { organization, user: holder } if holder == user.id => {
                let reason = format!("it is in organization {organization}, and a load moves nobody to another one");
                self.refuse(what, &reason);
            }
            AddressHolder::User { .. } => self.refuse(what, EMAIL_TAKEN),
            AddressHolder::Reservation => self.refuse(what, EMAIL_RESERVED),
        }
        Ok(())
    }

    async fn existing_user(&mut self, member: &Member, profile: StoredProfile) -> Result<(), Fault> {
        let what = describe_user(&member.user);
        let differences = SetupWriter::new(self.load.table).compare(&member.user, &member.setup).await?;
        let SetupDifferences { absent, absent_switches, differing, differing_switches, unreadable, .. } = &differences;
        let fields = changed_fields(member, &profile);
        self.report.others += differences.others;
        if !unreadable.is_empty() {
            let reason = format!("{} cannot be read, because another system wrote it, and stays", listed(unreadable));
            self.refuse(what.clone(), &reason);
        }
        if self.changes(&fields)
            && let Some(reason) = self.change_profile(member, profile).await?
        {
            self.refuse(what, reason);
            return Ok(());
        }
        self.begun = Some(what.clone());
        let mut absent_names = [named(absent), switch_names(absent_switches.iter().copied())].concat();
        let mut differing_names = [fields, named(differing), switch_names(differing_switches.iter().copied())].concat();
        let mut writes = Vec::new();
        let setups = SetupLoad { table: self.load.table, now: self.load.now };
        if self.writes_absent(&absent_names) {
            writes.push(SetupWrites { switches: absent_switches, edits: absent });
        }
        if self.changes(&differing_names) && !self.load.is_dry {
            writes.push(SetupWrites { switches: differing_switches, edits: differing });
        }
        let left = setups.write(&member.user, differences.switches_seen, &writes).await?;
        if !left.is_empty() {
            self.refuse(what.clone(), &changed_meanwhile(&left));
            absent_names.retain(|name| !left.contains(name));
            differing_names.retain(|name| !left.contains(name));
        }
        self.note(what, &absent_names, &differing_names);
        self.begun = None;
        Ok(())
    }

    /// Changes the profile. Returns why it was not changed.
    async fn change_profile(&self, member: &Member, mut before: StoredProfile) -> Result<Option<&'static str>, Fault> {
        let (table, change) = (self.load.table, member.change());
        if self.load.is_dry {
            if !has_moved(member, &before) {
                return Ok(None);
            }
            return Ok(match AddressHolder::of(table, &member.user.email).await? {
                AddressHolder::Nobody => None,
                AddressHolder::User { .. } => Some(EMAIL_TAKEN),
                AddressHolder::Reservation => Some(EMAIL_RESERVED),
            });
        }
        for _ in 0..ATTEMPTS {
            let edit = UserEdit { before: &before, change: &change, by: EditAuthority::Operator, now: self.load.now };
            match UserEditor::new(table).change(edit).await? {
                UserEditOutcome::Done(_) => return Ok(None),
                UserEditOutcome::EmailTaken => return Ok(Some(EMAIL_TAKEN)),
                UserEditOutcome::EmailReserved => return Ok(Some(EMAIL_RESERVED)),
                UserEditOutcome::LastAdministrator => return Ok(Some(LAST_ADMINISTRATOR)),
                UserEditOutcome::Outdated | UserEditOutcome::CallerChanged => {}
            }
            match Profiles::new(table).load(before.user.organization, before.user.id).await? {
                // Only the setup has another version, or nothing any more.
                Some(profile) if is_same(&profile.user, &before.user) => before = profile,
                Some(_) => return Ok(Some("others changed it meanwhile; run this again")),
                None => return Ok(Some("it was removed meanwhile")),
            }
        }
        Ok(Some("others keep changing it; run this again"))
    }

    fn writes_absent(&self, absent: &[String]) -> bool {
        !absent.is_empty() && !self.load.is_dry && self.load.mode != LoadMode::Report
    }

    /// Returns whether what differs is changed, or would be.
    fn changes(&self, differing: &[String]) -> bool {
        !differing.is_empty() && self.load.mode == LoadMode::Update
    }

    fn refuse(&mut self, what: String, reason: &str) {
        self.report.missing.push(format!("{what}: {reason}"));
    }

    /// Records an organization or a user that exists.
    fn note(&mut self, what: String, absent: &[String], differing: &[String]) {
        let items = || format!("{} items of the file ({}) of {what}", absent.len(), listed(absent));
        match (self.load.mode, absent.is_empty(), differing.is_empty()) {
            (LoadMode::Report, false, _) => {
                self.report.missing.push(format!("{}: load --missing writes them", items()));
                self.report.found.push(what);
            }
            (LoadMode::Report, true, _) | (_, true, true) => self.report.found.push(what),
            (LoadMode::Missing, is_whole, is_same) => {
                if !is_whole {
                    self.report.written.push(items());
                }
                if !is_same {
                    let differing = listed(differing);
                    self.report.found.push(format!("{what}, with other values of {differing}, which --update writes"));
                }
            }
            (LoadMode::Update, is_whole, is_same) => {
                if !is_whole {
                    self.report.written.push(items());
                }
                if !is_same {
                    self.report.changed.push(format!("{what}: {}", listed(differing)));
                }
            }
        }
    }
}

const EMAIL_TAKEN: &str = "another user has the e-mail address";
const EMAIL_RESERVED: &str = "an apply or a removal, still running, holds the e-mail address; run this again";
const LAST_ADMINISTRATOR: &str = "nobody else could administer the organization";

fn changed_meanwhile(names: &[String]) -> String {
    format!("others changed {} meanwhile; run this again", listed(names))
}

/// Returns whether the stored user has another address than the file says.
fn has_moved(member: &Member, stored: &StoredProfile) -> bool {
    stored.user.email.key() != member.user.email.key()
}

/// Lists the first names.
fn listed(names: &[String]) -> String {
    let first = names.iter().take(MAX_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > MAX_NAMES { format!("{first}, …") } else { first }
}

/// Returns whether two readings of a user differ in nothing but the time of the last change.
fn is_same(one: &User, other: &User) -> bool {
    *one == User { updated_at: one.updated_at, ..other.clone() }
}

/// Returns the fields of a stored user that the file names otherwise.
fn changed_fields(member: &Member, stored: &StoredProfile) -> Vec<String> {
    let before = &stored.user;
    let changed = member.change().of(before);
    let after = &changed.user;
    let role = match changed.gives_up_administration {
        true => "accessRole (if somebody else administers the organization)",
        false => "accessRole",
    };
    let fields = [
        ("email", before.email != after.email),
        ("fullName", before.full_name != after.full_name),
        ("phoneNumber", before.phone_number != after.phone_number),
        ("designation", before.designation != after.designation),
        ("departmentId", before.department != after.department),
        (role, before.role != after.role),
        ("loginDisabled", before.login_disabled != after.login_disabled),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}
