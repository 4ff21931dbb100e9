//! Loads into a table that already has things: compares, then writes what the mode allows.

use shared::domain::{Fault, ObjectId, StoredProfile, Timestamp, User};
use shared::store::{
    AddressHolder, CreateUserOutcome, EditAuthority, ItemVersion, MAX_TRANSACTION_ITEMS, OrganizationDifferences,
    OrganizationWriter, ProfileState, Profiles, SetupChange, SetupDifferences, SetupEdit, SetupWriteOutcome,
    SetupWriter, Table, UserEdit, UserEditOutcome, UserEditor,
};

use super::{LoadError, LoadReport, PasswordHashes, describe_organization, describe_user};
use crate::workspace::{Member, Tenant, Workspace};

/// The most edits of one write: a transaction less the profile.
const MAX_EDITS: usize = MAX_TRANSACTION_ITEMS - 1;
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
        let mut pass = LoadPass { load: *self, hashes, report: LoadReport::default() };
        for tenant in &self.workspace.organizations {
            if let Err(fault) = pass.tenant(tenant).await {
                let before = [pass.report.written, pass.report.changed].concat();
                return Err(LoadError::Fault { fault, before });
            }
        }
        Ok(pass.report)
    }
}

/// Changes of a setup.
struct SetupWrites<'a> {
    switches: &'a [(ObjectId, bool)],
    edits: &'a [SetupEdit],
}

struct LoadPass<'a> {
    load: Load<'a>,
    hashes: &'a PasswordHashes,
    report: LoadReport,
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
            let profiles = Profiles::new(self.load.table);
            match profiles.find(organization.id, member.user.id).await? {
                ProfileState::Stored(profile) => existing.push((member, profile)),
                ProfileState::Absent => self.new_user(member).await?,
                ProfileState::Removed => {
                    let reason = "it was removed, and its id never comes back; give it another `_id`";
                    self.refuse(describe_user(&member.user), reason);
                }
                ProfileState::Unreadable => {
                    self.refuse(describe_user(&member.user), "its profile is of another system and cannot be read");
                }
            }
        }
        // After the new ones, one of whom may be the administrator who stays.
        for (member, profile) in existing {
            self.existing_user(member, *profile).await?;
        }
        Ok(())
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
        if !self.load.is_dry {
            let hash = self.hashes.of(user);
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
            AddressHolder::Nobody => {
                self.report.new_users.push(user.clone());
                self.report.written.push(what);
            }
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
        let mut absent_names = [named(absent), switch_names(absent_switches)].concat();
        let mut differing_names = [fields, named(differing), switch_names(differing_switches)].concat();
        let mut writes = Vec::new();
        if self.writes_absent(&absent_names) {
            writes.push(SetupWrites { switches: absent_switches, edits: absent });
        }
        if self.changes(&differing_names) && !self.load.is_dry {
            writes.push(SetupWrites { switches: differing_switches, edits: differing });
        }
        let left = self.write_setup(&member.user, differences.switches_seen, &writes).await?;
        if !left.is_empty() {
            self.refuse(what.clone(), &changed_meanwhile(&left));
            absent_names.retain(|name| !left.contains(name));
            differing_names.retain(|name| !left.contains(name));
        }
        self.note(what, &absent_names, &differing_names);
        Ok(())
    }

    /// Changes the profile. Returns why it was not changed.
    async fn change_profile(&self, member: &Member, mut before: StoredProfile) -> Result<Option<&'static str>, Fault> {
        let (table, change) = (self.load.table, member.change());
        if self.load.is_dry {
            let moves = before.user.email.key() != member.user.email.key();
            let is_free = !moves || AddressHolder::of(table, &member.user.email).await? == AddressHolder::Nobody;
            return Ok((!is_free).then_some(EMAIL_TAKEN));
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

    /// Writes switches, so that no automation is on for a moment, then items. Returns what has changed since it was compared.
    async fn write_setup(
        &self,
        user: &User,
        mut seen: ItemVersion,
        writes: &[SetupWrites<'_>],
    ) -> Result<Vec<String>, Fault> {
        let (writer, now, mut left) = (SetupWriter::new(self.load.table), self.load.now, Vec::new());
        for (id, is_on) in writes.iter().flat_map(|writes| writes.switches) {
            let edit = SetupEdit { change: SetupChange::Switch(*id, *is_on), seen };
            let name = edit.change.describe();
            match writer.write(&user.organization, &user.id, &[edit], now).await? {
                SetupWriteOutcome::Version(version) => seen = ItemVersion::Version(version),
                _ => left.push(name),
            }
        }
        for batch in writes.iter().flat_map(|writes| writes.edits.chunks(MAX_EDITS)) {
            let mut batch = batch.to_vec();
            while !batch.is_empty() {
                match writer.write(&user.organization, &user.id, &batch, now).await? {
                    SetupWriteOutcome::Version(_) => batch.clear(),
                    // Nothing is written, so the others are written without these.
                    SetupWriteOutcome::Outdated(places) => {
                        for place in places.into_iter().rev() {
                            left.push(batch.remove(place).change.describe());
                        }
                    }
                    SetupWriteOutcome::NoSuchUser | SetupWriteOutcome::Busy => {
                        left.extend(named(&batch));
                        batch.clear();
                    }
                }
            }
        }
        Ok(left)
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

fn named(edits: &[SetupEdit]) -> Vec<String> {
    edits.iter().map(|edit| edit.change.describe()).collect()
}

fn switch_names(switches: &[(ObjectId, bool)]) -> Vec<String> {
    switches.iter().map(|(id, is_on)| SetupChange::Switch(*id, *is_on).describe()).collect()
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
