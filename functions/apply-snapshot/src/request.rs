//! The body of an apply request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use shared::domain::id_shape::is_id;
use shared::domain::plan::{Choices, KnownUser, OnUnmapped};
use shared::domain::sharing::RevisionChoice;
use shared::domain::{
    Designation, Email, Fingerprint, FullName, NewPassword, ObjectId, Password, PerKind, PhoneNumber, Role, Timestamp,
    User, Violation, cut, pointer,
};
use shared::http::{ApiError, FieldError, Fields, Object};
use utoipa::ToSchema;

use crate::revision_body::RevisionBody;

/// The customer's request, as on their page.
pub const EXAMPLE: &str = r#"{
  "pipelineMapping": {
    "Move to Contacted on first reply": {
      "Contacted": "Reached Out"
    }
  },
  "agentMapping": {},
  "applyAutomations": true,
  "applyPrompts": true,
  "applyTemplates": true,
  "newUser": {
    "email": "casey@acme.example",
    "password": "TempPass!2026",
    "fullName": "Casey New",
    "accessRole": "SALES_REP"
  }
}"#;

/// What to apply, for which user, and how to map the references of the automations. No field is required.
// An apply requires more than a plan: see `operations.rs`. The fingerprint covers the JSON form.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = PlanSnapshot)]
pub(crate) struct ApplyBody {
    /// The user to be created.
    #[schema(nullable = false, value_type = Option<NewUserBody>)]
    new_user: Option<Object<NewUserBody>>,
    /// For each automation, by name or source id: source stage, by name or id → target stage, by name; and pipeline id
    /// → `_id` of a pipeline of your organization. A JSON pointer names one place, and is the only key of a suspected
    /// one. A stage of the same name in your organization needs no mapping. The same holds for a pipeline of the same
    /// name and type. At most 5,000 entries.
    #[schema(nullable = false)]
    pipeline_mapping: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// For each automation, by name or source id: the stages that replace its `sourceStatuses` array. At most 5,000 entries.
    #[schema(nullable = false)]
    source_statuses_mapping: Option<BTreeMap<String, Vec<String>>>,
    /// For each automation, by name or source id: source agent, by name or id, or the JSON pointer to one → `_id` of an agent of your
    /// organization. At most 5,000 entries.
    #[schema(nullable = false, value_type = Option<BTreeMap<String, BTreeMap<String, ObjectId>>>)]
    agent_mapping: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// For each automation, by name or source id: unknown id, or the JSON pointer to one → the id that takes its place, which is not
    /// looked up: 24 hex digits or a UUID. At most 5,000 entries.
    #[schema(nullable = false, value_type = Option<BTreeMap<String, BTreeMap<String, AnyId>>>)]
    id_mapping: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// For each automation, by name or source id: values, or JSON pointers to values, that are not references although
    /// they look like one: suspected names, and unknown ids. At most 5,000 entries.
    #[schema(nullable = false)]
    keep_values: Option<BTreeMap<String, Vec<String>>>,
    /// In the snapshot's own organization only: the names of the prompts to clone. Without it all are cloned.
    #[schema(nullable = false, max_items = 5_000)]
    selected_prompt_names: Option<Vec<String>>,
    /// Into another organization: the destinations to which automations may send by themselves, as `destination` of the answer of
    /// plan has them. Without it an automation that sends to a host, an address or a number that your organization does not trust
    /// arrives switched off.
    #[schema(nullable = false, max_items = 5_000)]
    allow_destinations: Option<Vec<String>>,
    /// Whether to apply automations; true when absent.
    #[schema(nullable = false)]
    apply_automations: Option<bool>,
    /// Whether to apply prompts; true when absent.
    #[schema(nullable = false)]
    apply_prompts: Option<bool>,
    /// Whether to apply templates; true when absent.
    #[schema(nullable = false)]
    apply_templates: Option<bool>,
    /// `switchOff` when absent.
    #[schema(nullable = false, value_type = Option<OnUnmapped>)]
    on_unmapped: Option<String>,
    /// Which revision is applied: a number, for a SUPERADMIN, or `shared` for the one that other organizations see. By
    /// default the current one if you see it, else the shared one.
    #[schema(nullable = false)]
    revision: Option<RevisionBody>,
    /// The organization that a SUPERADMIN acts in, and in which the user is created; your own when absent. An `Idempotency-Key` counts
    /// for it alone.
    #[schema(nullable = false, value_type = Option<ObjectId>)]
    organization_id: Option<String>,
}

/// The user to be created, as far as it is known.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = PlannedUser)]
pub(crate) struct NewUserBody {
    /// The address to sign in with. It is unique across the platform.
    #[schema(nullable = false, value_type = Option<Email>)]
    email: Option<String>,
    /// The password to sign in with.
    #[schema(nullable = false, value_type = Option<NewPassword>)]
    #[serde(serialize_with = "unsaid")]
    password: Option<Password>,
    /// Whether the user is invited, in place of a password: the answer has a one-time token with which the user sets one.
    // Left out of the fingerprint where it is absent, so that one from before there were invitations stays the same.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    invite: Option<bool>,
    /// The user's name.
    #[schema(nullable = false, value_type = Option<FullName>)]
    full_name: Option<String>,
    /// The user's phone number.
    #[schema(nullable = false, value_type = Option<PhoneNumber>)]
    phone_number: Option<String>,
    /// The user's job title.
    #[schema(nullable = false, value_type = Option<Designation>)]
    designation: Option<String>,
    /// The user's department. It is stored without being looked up.
    #[schema(nullable = false, value_type = Option<ObjectId>)]
    department_id: Option<String>,
    /// The user's role: at most your own. `SALES_REP` when absent.
    #[schema(nullable = false, value_type = Option<Role>)]
    access_role: Option<String>,
}

/// Writes null: the password is not part of the fingerprint.
fn unsaid<S: Serializer>(_: &Option<Password>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_none()
}

/// The parsed body of an apply.
#[derive(Debug)]
pub(crate) struct ApplyParameters {
    /// The organization to act in.
    pub(crate) organization: Option<ObjectId>,
    pub(crate) choices: Choices,
    pub(crate) revision: RevisionChoice,
    pub(crate) new_user: NewUser,
    pub(crate) fingerprint: Fingerprint,
}

/// The parsed body of a plan, and what the rules refuse in it.
#[derive(Debug)]
pub(crate) struct PlanParameters {
    /// The organization to act in.
    pub(crate) organization: Option<ObjectId>,
    pub(crate) choices: Choices,
    pub(crate) revision: RevisionChoice,
    pub(crate) role: Role,
    pub(crate) refusals: Vec<FieldError>,
}

/// The user to create.
#[derive(Debug)]
pub(crate) struct NewUser {
    pub(crate) email: Email,
    pub(crate) admission: Admission,
    pub(crate) role: Role,
    profile: Profile,
}

/// How the user is let in.
#[derive(Debug)]
pub(crate) enum Admission {
    /// With this password.
    Password(NewPassword),
    /// By an invitation.
    Invitation,
}

/// The profile of a new user without address, password and role.
#[derive(Debug, Default)]
struct Profile {
    full_name: Option<FullName>,
    phone_number: Option<PhoneNumber>,
    designation: Option<Designation>,
    department: Option<ObjectId>,
}

/// The valid values of a body; `fields` has the errors of the others.
struct ParsedBody {
    fields: Fields,
    fingerprint: Fingerprint,
    organization: Option<ObjectId>,
    choices: Choices,
    revision: RevisionChoice,
    email: Option<Email>,
    admission: Option<Admission>,
    role: Option<Role>,
    profile: Profile,
}

/// Whether a body must have the new user's address and password.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Credentials {
    Required,
    Optional,
}

impl ApplyParameters {
    pub(crate) fn parse(body: ApplyBody) -> Result<Self, ApiError> {
        let read = ParsedBody::parse(body, Credentials::Required)?;
        let (Some(email), Some(admission), Some(role)) = (read.email, read.admission, read.role) else {
            return Err(read.fields.into_error());
        };
        read.fields.finish()?;
        let new_user = NewUser { email, admission, role, profile: read.profile };
        let (organization, choices, revision) = (read.organization, read.choices, read.revision);
        Ok(Self { organization, choices, revision, new_user, fingerprint: read.fingerprint })
    }
}

impl PlanParameters {
    /// Parses a body. Only a malformed one is an error; what the rules refuse is part of the answer.
    pub(crate) fn parse(body: ApplyBody) -> Result<Self, ApiError> {
        let read = ParsedBody::parse(body, Credentials::Optional)?;
        let refusals = read.fields.into_refusals()?;
        let role = read.role.unwrap_or(Role::SalesRep);
        Ok(Self { organization: read.organization, choices: read.choices, revision: read.revision, role, refusals })
    }
}

impl ParsedBody {
    fn parse(body: ApplyBody, credentials: Credentials) -> Result<Self, ApiError> {
        let fingerprint = Fingerprint::of(&body);
        let mut fields = Fields::default();
        let required = || Violation::malformed("this field is required");
        if body.new_user.is_none() && credentials == Credentials::Required {
            fields.note("/newUser", required());
            return Err(fields.into_error());
        }
        let new_user = body.new_user.map(|Object(new_user)| new_user).unwrap_or_default();
        let revision = body.revision.map(|RevisionBody(choice)| choice).unwrap_or_default();
        if new_user.email.is_none() && credentials == Credentials::Required {
            fields.note("/newUser/email", required());
        }
        let email = fields.take_optional("/newUser/email", new_user.email, Email::parse).flatten();
        let admission =
            admission((new_user.password, new_user.invite == Some(true)), email.as_ref(), credentials, &mut fields);
        let role = fields.take_optional("/newUser/accessRole", new_user.access_role, |role| role.parse());
        let profile = Profile {
            full_name: fields.take_optional("/newUser/fullName", new_user.full_name, FullName::parse).flatten(),
            phone_number: fields
                .take_optional("/newUser/phoneNumber", new_user.phone_number, PhoneNumber::parse)
                .flatten(),
            designation: fields
                .take_optional("/newUser/designation", new_user.designation, Designation::parse)
                .flatten(),
            department: fields
                .take_optional("/newUser/departmentId", new_user.department_id, |id| id.parse())
                .flatten(),
        };
        let organization = body.organization_id;
        let organization = fields.take_optional("/organizationId", organization, |id| id.parse()).flatten();
        let on_unmapped = fields.take_optional("/onUnmapped", body.on_unmapped, |choice| choice.parse()).flatten();
        let choices = Choices {
            new_user: KnownUser { has_email: email.is_some(), has_phone: profile.phone_number.is_some() },
            pipeline_mapping: body.pipeline_mapping.unwrap_or_default(),
            source_statuses_mapping: body.source_statuses_mapping.unwrap_or_default(),
            agent_mapping: agent_mapping(body.agent_mapping.unwrap_or_default(), &mut fields),
            id_mapping: id_mapping(body.id_mapping.unwrap_or_default(), &mut fields),
            keep_values: body.keep_values.unwrap_or_default(),
            selected_prompt_names: body.selected_prompt_names,
            allow_destinations: body.allow_destinations.unwrap_or_default(),
            apply: PerKind {
                automations: body.apply_automations.unwrap_or(true),
                prompts: body.apply_prompts.unwrap_or(true),
                templates: body.apply_templates.unwrap_or(true),
            },
            on_unmapped: on_unmapped.unwrap_or_default(),
        };
        if let Err((field, violation)) = choices.check_size() {
            fields.note(pointer([field]), violation);
        }
        let role = role.map(|role| role.unwrap_or(Role::SalesRep));
        Ok(Self { fields, fingerprint, organization, choices, revision, email, admission, role, profile })
    }
}

/// Reads how the user is let in: by exactly one of password and invitation.
fn admission(
    (password, is_invited): (Option<Password>, bool),
    email: Option<&Email>,
    credentials: Credentials,
    fields: &mut Fields,
) -> Option<Admission> {
    match (password, is_invited) {
        (Some(_), true) => {
            fields.note("/newUser/invite", Violation::refused(BOTH));
            None
        }
        (Some(password), false) => {
            fields.take("/newUser/password", NewPassword::parse(password, email)).map(Admission::Password)
        }
        (None, true) => Some(Admission::Invitation),
        (None, false) => {
            if credentials == Credentials::Required {
                fields.note("/newUser/password", Violation::malformed(NEITHER));
            }
            None
        }
    }
}

const BOTH: &str = "give a password or \"invite\": true, not both";
pub(crate) const NEITHER: &str = "this field is required, unless \"invite\" is true";

impl NewUser {
    /// Returns the new user with `id` in `organization`.
    pub(crate) fn profile(&self, id: ObjectId, organization: ObjectId, now: Timestamp) -> User {
        let Profile { full_name, phone_number, designation, department } = &self.profile;
        User {
            id,
            organization,
            department: *department,
            email: self.email.clone(),
            full_name: full_name.clone(),
            phone_number: phone_number.clone(),
            designation: designation.clone(),
            role: self.role,
            login_disabled: false,
            created_at: now,
            updated_at: now,
        }
    }
}

/// An id of any system: 24 hex digits, or a UUID.
#[derive(utoipa::ToSchema)]
#[schema(pattern = "^([0-9A-Fa-f]{24}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$")]
#[expect(dead_code, reason = "it stands in the description alone")]
struct AnyId(String);

/// Returns the mapping with its targets as ids, and reports each one that is not an id.
fn agent_mapping(
    mapping: BTreeMap<String, BTreeMap<String, String>>,
    fields: &mut Fields,
) -> BTreeMap<String, BTreeMap<String, ObjectId>> {
    let mut parsed: BTreeMap<String, BTreeMap<String, ObjectId>> = BTreeMap::new();
    for (automation, agents) in mapping {
        let entry = parsed.entry(automation.clone()).or_default();
        for (source, target) in agents {
            match target.parse() {
                Ok(target) => drop(entry.insert(source, target)),
                Err(violation) => fields.note_at(&["agentMapping", &automation, &source], violation),
            }
        }
    }
    parsed
}

/// Returns the mapping unchanged and reports each target that is not an id.
fn id_mapping(
    mapping: BTreeMap<String, BTreeMap<String, String>>,
    fields: &mut Fields,
) -> BTreeMap<String, BTreeMap<String, String>> {
    for (automation, ids) in &mapping {
        for (source, target) in ids.iter().filter(|(_, target)| !is_id(target)) {
            let detail = format!("{:?} is not an id; give 24 hex digits or a UUID", cut(target, MAX_SHOWN));
            fields.note_at(&["idMapping", automation, source], Violation::malformed(detail));
        }
    }
    mapping
}

/// The most characters of a wrong target that an error shows.
const MAX_SHOWN: usize = 80;
