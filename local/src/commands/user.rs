//! `user`: adds, invites and disables one user.

use std::io::Write;

use clap::{Args, Subcommand};
use shared::clock::{Clock, SystemClock};
use shared::domain::user_change::UserChange;
use shared::domain::{
    Designation, Email, FullName, ObjectId, OrganizationName, PhoneNumber, Role, Setup, StoredProfile, Timestamp, User,
    Violation,
};
use shared::ids::{Randomness, SystemRandomness};
use shared::invitation_token::{INVITATION_LIFETIME, InvitationToken};
use shared::store::{
    AddressHolder, CreateUserOutcome, EditAuthority, Invitations, InviteOutcome, NewInvitation, Organizations,
    Profiles, Table, UserEdit, UserEditOutcome, UserEditor,
};

use super::Failure;
use super::organization::{add_organization, parse};
use super::target_table::TargetTable;
use crate::workspace::made_id::organization_id;

/// How often a write starts over because another one came first.
const ATTEMPTS: u32 = 4;

pub(crate) const ADD_EXAMPLES: &str = "\
Examples:
  cargo run -- user add --table my-table --new-organization Acme --email pat@acme.example --name 'Pat Admin' --role SUPERADMIN
      the first user of an empty table: a SUPERADMIN does everything else over the API
  INVITATION=$(cargo run -- user add --table my-table --organization 64ee9a8b1e7f2a0011223344 \\
      --email dana@acme.example --name 'Dana Head' --role DEPARTMENT_HEAD)
  cargo run -- user add --db crm.db …           a file of --db that no other program serves

The user gets no password, but an invitation: standard output has it, alone and only this once, and standard error says how to accept it.
Anyone who has it can set the password, for 72 hours. Repeated, the command changes nothing and says that the user is there.";

pub(crate) const INVITE_EXAMPLES: &str = "\
Example:
  INVITATION=$(cargo run -- user invite --table my-table --email dana@acme.example)

Standard output has the invitation, alone and only this once. It also resets a forgotten password: the former one works until the
invitation is accepted. An earlier invitation is worth nothing any more.";

pub(crate) const DISABLE_EXAMPLES: &str = "\
Example:
  cargo run -- user disable --table my-table --email dana@acme.example

The user's tokens end at once, and no password or invitation opens a new one. The setup and its snapshots stay. PATCH /api/users/{userId}
lets the user in again, and so does a workspace with \"loginDisabled\": false and `load --update`. The last one who administers the
organization is disabled only with --force.";

#[derive(Debug, Args)]
pub(crate) struct UserCommands {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user with an invitation, and print the invitation.
    #[command(after_help = ADD_EXAMPLES)]
    Add(AddUser),
    /// Make a fresh invitation for a user, and print it.
    #[command(after_help = INVITE_EXAMPLES)]
    Invite(InviteUser),
    /// End a user's tokens and refuse every further sign-in of the user.
    #[command(after_help = DISABLE_EXAMPLES)]
    Disable(DisableUser),
}

#[derive(Debug, Args)]
struct AddUser {
    #[command(flatten)]
    target: TargetTable,
    #[command(flatten)]
    home: HomeOrganization,
    /// The address to sign in with.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::<Email>)]
    email: Email,
    /// The name.
    #[arg(long, value_name = "NAME", value_parser = parse::<FullName>)]
    name: FullName,
    /// What the user may do: SALES_REP, DEPARTMENT_HEAD, ADMIN or SUPERADMIN.
    #[arg(long, value_name = "ROLE", value_parser = parse_role)]
    role: Role,
    /// The phone number, such as +14155550177.
    #[arg(long, value_name = "NUMBER", value_parser = parse::<PhoneNumber>)]
    phone: Option<PhoneNumber>,
    /// The job title.
    #[arg(long, value_name = "TITLE", value_parser = parse::<Designation>)]
    designation: Option<Designation>,
    /// The department. It is stored without being looked up.
    #[arg(long, value_name = "ID")]
    department: Option<ObjectId>,
}

/// Options that name the organization of a new user: exactly one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct HomeOrganization {
    /// The user's organization.
    #[arg(long, value_name = "ID")]
    organization: Option<ObjectId>,
    /// The name of the user's organization, which is added unless `org add` or an earlier run made it.
    #[arg(long, value_name = "NAME", value_parser = parse::<OrganizationName>)]
    new_organization: Option<OrganizationName>,
}

#[derive(Debug, Args)]
struct InviteUser {
    #[command(flatten)]
    target: TargetTable,
    /// The user's address.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::<Email>)]
    email: Email,
}

#[derive(Debug, Args)]
struct DisableUser {
    #[command(flatten)]
    target: TargetTable,
    /// The user's address.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::<Email>)]
    email: Email,
    /// Disable the last administrator, too. Afterwards only an operator's command or a SUPERADMIN can change the organization's users.
    #[arg(long)]
    force: bool,
}

fn parse_role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|violation: Violation| violation.detail)
}

/// Runs a command of the group.
pub(crate) async fn run(options: &UserCommands) -> Result<(), Failure> {
    let target = match &options.command {
        UserCommand::Add(add) => &add.target,
        UserCommand::Invite(invite) => &invite.target,
        UserCommand::Disable(disable) => &disable.target,
    };
    let open = target.open().await?;
    let (table, now) = (open.table(), SystemClock.now());
    let done = match &options.command {
        UserCommand::Add(options) => add(table, options, now).await.map(Some),
        UserCommand::Invite(options) => invite(table, &options.email, now).await.map(Some),
        UserCommand::Disable(options) => disable(table, options, now).await.map(|()| None),
    };
    open.close().await?;
    match done? {
        Some(invitation) => print(&invitation),
        None => Ok(()),
    }
}

/// An invitation to print.
struct Invitation {
    /// The command's result in words.
    words: String,
    token: InvitationToken,
    expires_at: Timestamp,
}

/// Prints the token on standard output, for a shell variable, and everything else on standard error.
fn print(invitation: &Invitation) -> Result<(), Failure> {
    let Invitation { words, token, expires_at } = invitation;
    eprintln!(
        "{words}\nThe invitation is printed once and good until {expires_at}. To accept it:\n  \
         curl \"$API/api/auth/accept-invitation\" -H 'Content-Type: application/json' \\\n    \
         -d '{{\"token\": \"<the invitation>\", \"password\": \"<8 to 128 characters>\"}}'"
    );
    Ok(writeln!(std::io::stdout(), "{}", token.expose())?)
}

/// Makes the token of an invitation and the time until which it can be accepted.
fn make_invitation(organization: ObjectId, user: ObjectId, now: Timestamp) -> (InvitationToken, Timestamp) {
    (InvitationToken::generate(organization, user, &SystemRandomness), now.plus(INVITATION_LIFETIME))
}

async fn add(table: &Table, options: &AddUser, now: Timestamp) -> Result<Invitation, Failure> {
    let AddUser { home, email, name, role, phone, designation, department, .. } = options;
    let organization = match (&home.new_organization, home.organization) {
        (Some(name), _) => organization_id(name.as_str()),
        (None, id) => id.unwrap_or(ObjectId::NOBODY),
    };
    match AddressHolder::of(table, email).await? {
        AddressHolder::Nobody => {}
        AddressHolder::User { organization: other, .. } if other == organization => {
            let words =
                format!("{email} is a user of the organization already; `user invite` makes a fresh invitation");
            return Err(Failure::Refused(words));
        }
        AddressHolder::User { organization: other, .. } => {
            return Err(Failure::Refused(format!("a user of organization {other} has the address {email}")));
        }
        AddressHolder::Reservation => return Err(reserved(email)),
    }
    make_home(table, home, organization).await?;
    let user = User {
        id: new_user_id(now),
        organization,
        department: *department,
        email: email.clone(),
        full_name: Some(name.clone()),
        phone_number: phone.clone(),
        designation: designation.clone(),
        role: *role,
        login_disabled: false,
        created_at: now,
        updated_at: now,
    };
    let (token, expires_at) = make_invitation(organization, user.id, now);
    let invitation = NewInvitation { hash: &token.hash(), expires_at };
    match Invitations::new(table).create_user(&user, &Setup::default(), invitation).await? {
        CreateUserOutcome::Created => {
            let words = format!("Added {email} ({}) to organization {organization} as {role}.", user.id);
            Ok(Invitation { words, token, expires_at })
        }
        CreateUserOutcome::EmailTaken | CreateUserOutcome::UserExists => {
            Err(Failure::Refused(format!("somebody else took the address {email} meanwhile; no user is added")))
        }
    }
}

/// Makes sure that the organization exists.
async fn make_home(table: &Table, home: &HomeOrganization, id: ObjectId) -> Result<(), Failure> {
    match &home.new_organization {
        Some(name) => add_organization(table, id, name).await,
        None if Organizations::new(table).exists(&id).await? => Ok(()),
        None => {
            Err(Failure::Refused(format!("there is no organization {id}; `org add` and --new-organization make one")))
        }
    }
}

/// Returns a random id. One that is made of the address would tell the address after the user is erased.
fn new_user_id(now: Timestamp) -> ObjectId {
    let mut random = [0; 8];
    SystemRandomness.fill(&mut random);
    ObjectId::compose(now, random)
}

fn reserved(email: &Email) -> Failure {
    Failure::Refused(format!("an apply or a removal, still running, holds the address {email}; run this again"))
}

/// Returns the user with this address.
async fn user_of(table: &Table, email: &Email) -> Result<StoredProfile, Failure> {
    let (organization, user) = match AddressHolder::of(table, email).await? {
        AddressHolder::User { organization, user } => (organization, user),
        AddressHolder::Reservation => return Err(reserved(email)),
        AddressHolder::Nobody => return Err(Failure::Refused(format!("no user has the address {email}"))),
    };
    let unreadable =
        || Failure::Refused(format!("the profile of user {user} of organization {organization} cannot be read"));
    Profiles::new(table).load(organization, user).await?.ok_or_else(unreadable)
}

async fn invite(table: &Table, email: &Email, now: Timestamp) -> Result<Invitation, Failure> {
    for _ in 0..ATTEMPTS {
        let profile = user_of(table, email).await?;
        let User { id, organization, login_disabled, .. } = profile.user;
        if login_disabled {
            let words =
                format!("{email} is disabled, so no invitation lets the user in; `user disable --help` says what does");
            return Err(Failure::Refused(words));
        }
        let (token, expires_at) = make_invitation(organization, id, now);
        let invitation = NewInvitation { hash: &token.hash(), expires_at };
        match Invitations::new(table).invite(&profile, None, invitation).await? {
            InviteOutcome::Invited => {
                let words = format!("Invited {email} ({id}) of organization {organization}.");
                return Ok(Invitation { words, token, expires_at });
            }
            InviteOutcome::EmailTaken => {
                return Err(Failure::Refused(format!(
                    "another user took the address {email} meanwhile; nothing is written"
                )));
            }
            InviteOutcome::EmailReserved => return Err(reserved(email)),
            InviteOutcome::Outdated | InviteOutcome::CallerChanged => {}
        }
    }
    Err(busy(email))
}

fn busy(email: &Email) -> Failure {
    Failure::Refused(format!("others keep changing {email}; nothing is written, run this again"))
}

async fn disable(table: &Table, options: &DisableUser, now: Timestamp) -> Result<(), Failure> {
    let (email, change) = (&options.email, UserChange { login_disabled: Some(true), ..UserChange::default() });
    let by = if options.force { EditAuthority::ForcingOperator } else { EditAuthority::Operator };
    for _ in 0..ATTEMPTS {
        let before = user_of(table, email).await?;
        let User { id, organization, login_disabled, .. } = before.user;
        if login_disabled {
            println!("{email} ({id}) is disabled already; nothing is written.");
            return Ok(());
        }
        match UserEditor::new(table).change(UserEdit { before: &before, change: &change, by, now }).await? {
            UserEditOutcome::Done(_) => {
                println!(
                    "{email} ({id}) of organization {organization} is disabled, and all tokens of the user are over."
                );
                return Ok(());
            }
            UserEditOutcome::LastAdministrator => {
                let words = format!(
                    "nobody else could administer organization {organization}; make somebody else an ADMIN first, or add --force"
                );
                return Err(Failure::Refused(words));
            }
            UserEditOutcome::EmailTaken
            | UserEditOutcome::EmailReserved
            | UserEditOutcome::Outdated
            | UserEditOutcome::CallerChanged => {}
        }
    }
    Err(busy(email))
}
