//! The body of an apply request.

use std::collections::BTreeMap;

use lambda_http::Request;
use serde::Deserialize;
use shared::domain::plan::{Choices, OnUnmapped};
use shared::domain::{
    Designation, Email, FullName, NewPassword, ObjectId, Password, PhoneNumber, Role, Timestamp, User, pointer,
};
use shared::http::{ApiError, Fields, Object, body};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ApplyBody {
    new_user: Object<NewUserBody>,
    pipeline_mapping: Option<BTreeMap<String, BTreeMap<String, String>>>,
    source_statuses_mapping: Option<BTreeMap<String, Vec<String>>>,
    agent_mapping: Option<BTreeMap<String, BTreeMap<String, String>>>,
    selected_prompt_names: Option<Vec<String>>,
    apply_automations: Option<bool>,
    apply_prompts: Option<bool>,
    apply_templates: Option<bool>,
    on_unmapped: Option<OnUnmapped>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewUserBody {
    email: String,
    password: Password,
    full_name: Option<String>,
    phone_number: Option<String>,
    designation: Option<String>,
    department_id: Option<String>,
    access_role: Option<String>,
}

/// What the caller wants.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) choices: Choices,
    pub(crate) new_user: NewUser,
}

/// The user to be made.
#[derive(Debug)]
pub(crate) struct NewUser {
    pub(crate) email: Email,
    pub(crate) password: NewPassword,
    pub(crate) role: Role,
    full_name: Option<FullName>,
    phone_number: Option<PhoneNumber>,
    designation: Option<Designation>,
    department: Option<ObjectId>,
}

impl Wanted {
    pub(crate) fn parse(request: &Request) -> Result<Self, ApiError> {
        let body: ApplyBody = body::parse(request)?;
        let mut fields = Fields::default();
        let Object(new_user) = body.new_user;
        let new_user = NewUser::parse(new_user, &mut fields);
        let agent_mapping = agent_mapping(body.agent_mapping.unwrap_or_default(), &mut fields);
        let choices = Choices {
            pipeline_mapping: body.pipeline_mapping.unwrap_or_default(),
            source_statuses_mapping: body.source_statuses_mapping.unwrap_or_default(),
            agent_mapping,
            selected_prompt_names: body.selected_prompt_names,
            apply_automations: body.apply_automations.unwrap_or(true),
            apply_prompts: body.apply_prompts.unwrap_or(true),
            apply_templates: body.apply_templates.unwrap_or(true),
            on_unmapped: body.on_unmapped.unwrap_or_default(),
        };
        if let Err((field, violation)) = choices.check_size() {
            fields.note(pointer([field]), violation);
        }
        let Some(new_user) = new_user else { return Err(fields.into_error()) };
        fields.finish()?;
        Ok(Self { choices, new_user })
    }
}

impl NewUser {
    fn parse(body: NewUserBody, fields: &mut Fields) -> Option<Self> {
        let email = fields.take("/newUser/email", Email::parse(body.email));
        let password = fields.take("/newUser/password", NewPassword::parse(body.password, email.as_ref()));
        let full_name = fields.take_optional("/newUser/fullName", body.full_name, FullName::parse);
        let phone_number = fields.take_optional("/newUser/phoneNumber", body.phone_number, PhoneNumber::parse);
        let designation = fields.take_optional("/newUser/designation", body.designation, Designation::parse);
        let department = fields.take_optional("/newUser/departmentId", body.department_id, |id| id.parse());
        let role = fields.take_optional("/newUser/accessRole", body.access_role, |role| role.parse());
        Some(Self {
            email: email?,
            password: password?,
            role: role?.unwrap_or(Role::SalesRep),
            full_name: full_name?,
            phone_number: phone_number?,
            designation: designation?,
            department: department?,
        })
    }

    /// The profile of this user under `id` in `organization`.
    pub(crate) fn profile(&self, id: ObjectId, organization: ObjectId, now: Timestamp) -> User {
        User {
            id,
            organization,
            department: self.department,
            email: self.email.clone(),
            full_name: self.full_name.clone(),
            phone_number: self.phone_number.clone(),
            designation: self.designation.clone(),
            role: self.role,
            login_disabled: false,
            created_at: now,
            updated_at: now,
        }
    }
}

/// The same mapping with its targets as ids.
fn agent_mapping(
    mapping: BTreeMap<String, BTreeMap<String, String>>,
    fields: &mut Fields,
) -> BTreeMap<String, BTreeMap<String, ObjectId>> {
    let mut parsed: BTreeMap<String, BTreeMap<String, ObjectId>> = BTreeMap::new();
    for (automation, agents) in mapping {
        let entry = parsed.entry(automation.clone()).or_default();
        for (source, target) in agents {
            let place = pointer(["agentMapping", &automation, &source]);
            entry.extend(fields.take(place, target.parse()).map(|target| (source, target)));
        }
    }
    parsed
}
