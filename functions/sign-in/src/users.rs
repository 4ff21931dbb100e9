//! `PATCH /api/users/{userId}`: an administrator changes a user of its organization.

use lambda_http::http::header::ETAG;
use serde::{Deserialize, Deserializer, Serialize};
use shared::domain::rights::Action;
use shared::domain::user_change::UserChange;
use shared::domain::{Designation, Email, FullName, ObjectId, PhoneNumber, Role, StoredProfile, Violation};
use shared::http::{Answer, ApiError, AuditField, Fields, IfMatch, UserDocument, etag};
use shared::store::{EditAuthority, UserEdit, UserEditOutcome, UserEditor};
use utoipa::ToSchema;

use crate::Call;

/// How often a change starts over because another one came first.
const ATTEMPTS: u32 = 4;
/// How long a client waits before it sends a change again.
pub(crate) const WAIT: std::time::Duration = std::time::Duration::from_secs(1);

const NOTHING_TO_CHANGE: &str = "there is nothing to change; give loginDisabled, accessRole, fullName, phoneNumber, designation, \
                                 departmentId, email, or several of them";

/// The fields to change; at least one. Null removes an optional one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = ChangeUser)]
pub(crate) struct UserBody {
    /// Whether the user may not sign in. A disabling ends the user's tokens at once.
    #[schema(nullable = false)]
    login_disabled: Option<bool>,
    /// The role: at most your own. Another one ends the user's tokens at once.
    #[schema(nullable = false, value_type = Option<Role>)]
    access_role: Option<String>,
    /// The name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<FullName>)]
    full_name: Option<Option<String>>,
    /// The phone number.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<PhoneNumber>)]
    phone_number: Option<Option<String>>,
    /// The job title.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Designation>)]
    designation: Option<Option<String>>,
    /// The department. It is stored without being looked up.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ObjectId>)]
    department_id: Option<Option<String>>,
    /// The address to sign in with. It is unique across the platform. An open invitation ends with the former address.
    #[schema(nullable = false, value_type = Option<Email>)]
    email: Option<String>,
}

/// Reads a present field, with null as its own value.
fn present<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(field).map(Some)
}

#[derive(Serialize, ToSchema)]
#[schema(as = UserUpdated)]
pub(crate) struct UserAnswer<'a> {
    /// `User updated`.
    message: &'static str,
    user: UserDocument<'a>,
}

/// Reads the user and the caller, checks the rights and the demanded version, and writes.
pub(crate) async fn change(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("userId")?;
    call.no_parameters()?;
    let if_match = IfMatch::of(call.request)?;
    let change = call.read_body(parse).await?;
    call.context.audit().record_fields(fields(&change));
    if change.role.is_some_and(|role| !caller.principal().may_grant(role)) {
        return Err(ApiError::Forbidden(caller.principal().role_refusal()));
    }
    for _ in 0..ATTEMPTS {
        let (by, before) = call.user(&caller, id, Action::ChangeUser).await?;
        if change.login_disabled == Some(true) && id == caller.user {
            return Err(ApiError::Forbidden("nobody disables itself; somebody else has to".to_owned()));
        }
        if_match.check(UserDocument::of(&before).tag()?)?;
        let edit = UserEdit {
            before: &before,
            change: &change,
            by: EditAuthority::Administrator(&by),
            now: call.context.now(),
        };
        match UserEditor::new(call.table).change(edit).await? {
            UserEditOutcome::Done(after) => return answer(&after),
            UserEditOutcome::EmailTaken => return Err(ApiError::EmailTaken),
            UserEditOutcome::EmailReserved => return Err(ApiError::InProgress { retry_after: WAIT }),
            UserEditOutcome::LastAdministrator => return Err(ApiError::LastAdministrator),
            // The next reading tells: the caller may be confirmed no more, or the user be another one.
            UserEditOutcome::Outdated | UserEditOutcome::CallerChanged => {}
        }
    }
    Err(ApiError::InProgress { retry_after: WAIT })
}

/// Returns every field for the log.
fn fields(change: &UserChange) -> [AuditField; 7] {
    let UserChange { email, full_name, phone_number, designation, department, role, login_disabled } = change;
    [
        AuditField::with_value("loginDisabled", login_disabled.as_ref()),
        AuditField::with_value("accessRole", role.as_ref()),
        AuditField::named("fullName", full_name.as_ref()),
        AuditField::named("phoneNumber", phone_number.as_ref()),
        AuditField::named("designation", designation.as_ref()),
        AuditField::named("departmentId", department.as_ref()),
        AuditField::named("email", email.as_ref()),
    ]
}

fn answer(after: &StoredProfile) -> Result<Answer, ApiError> {
    let user = UserDocument::of(after);
    let tag = etag(user.tag()?);
    Ok(Answer::ok(&UserAnswer { message: "User updated", user })?.with_header(ETAG, tag))
}

fn parse(body: UserBody) -> Result<UserChange, ApiError> {
    let mut fields = Fields::default();
    let email = fields.take_optional("/email", body.email, Email::parse);
    let role = fields.take_optional("/accessRole", body.access_role, |role| role.parse::<Role>());
    let full_name = optional(&mut fields, "/fullName", body.full_name, FullName::parse);
    let phone_number = optional(&mut fields, "/phoneNumber", body.phone_number, PhoneNumber::parse);
    let designation = optional(&mut fields, "/designation", body.designation, Designation::parse);
    let department = optional(&mut fields, "/departmentId", body.department_id, |id: String| id.parse::<ObjectId>());
    let change = UserChange {
        email: email.flatten(),
        full_name,
        phone_number,
        designation,
        department,
        role: role.flatten(),
        login_disabled: body.login_disabled,
    };
    fields.finish()?;
    if change == UserChange::default() {
        return Err(ApiError::InvalidBody(vec![shared::http::FieldError::new("", NOTHING_TO_CHANGE)]));
    }
    Ok(change)
}

/// Parses a field that may be null.
fn optional<T>(
    fields: &mut Fields,
    pointer: &str,
    field: Option<Option<String>>,
    parse: impl FnOnce(String) -> Result<T, Violation>,
) -> Option<Option<T>> {
    match field? {
        None => Some(None),
        Some(text) => fields.take(pointer, parse(text)).map(Some),
    }
}
