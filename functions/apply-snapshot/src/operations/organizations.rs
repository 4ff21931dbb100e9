//! What the description says of the routes that make and change organizations.

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde_json::{Value, json};
use shared::http::operation::{Operation, OperationDescription};
use shared::http::{ApiError, ApplyOperation, AtLeastOne, FieldError};

use crate::execution::WAIT;
use crate::organizations::{ChangeBody, CreateBody, NO_SUCH_ORGANIZATION, OrganizationAnswer};

const CREATE: &str = "\
Makes an organization, for a SUPERADMIN. With `copyFrom` it has the pipelines and agents of another one from the first moment: of a \
pipeline the name, the type and the stages with their colours, of an agent the name and the description. The copies have ids of their \
own. What else the CRM keeps of them is not copied, because it may be a secret or name something of the other organization; the trusted \
destinations are not copied either. A pipeline or agent that cannot be read is not copied, and `leftOut` names it.

All of it is written at once or nothing: an organization with more than 99 pipelines and agents, or with more than 4 MB of them, is not \
copied (422). The organization has no users yet.";

const KEY: &str = "\
Your own name for this request. Repeat the request under the same key when no answer came: it makes one organization however often it is \
sent, and the answer shows that organization as it is now.";

const CHANGE: &str = "\
Changes an organization: its name, and the destinations to which automations of other organizations may send here without being allowed in \
each apply. An ADMIN changes **its own** organization, a SUPERADMIN any.

An apply decides by the destinations that are trusted when it reads them; what it cloned before stays as it is.";

pub(super) fn create() -> OperationDescription {
    Operation::new(ApplyOperation::CreateOrganization)
        .works()
        .does("Make an organization", CREATE)
        .no_query()
        .idempotency_key(KEY)
        .body::<CreateBody>(
            r#"{"name": "Initech", "copyFrom": "64ee9a8b1e7f2a0011223344"}"#,
            FieldError::new("/name", "this field is required"),
        )
        .refuses([ApiError::refused("/copyFrom", NO_SUCH_ORGANIZATION)])
        .answers::<OrganizationAnswer<'static>>(
            StatusCode::CREATED,
            "The organization with its copies.",
            &[ETAG],
            json!({"message": "Organization created", "organization": organization(&[])}),
        )
        .build()
}

pub(super) fn change() -> OperationDescription {
    Operation::new(ApplyOperation::ChangeOrganization)
        .works()
        .does("Change an organization", CHANGE)
        .path_id("orgId", "The organization.")
        .no_query()
        .if_match(
            "The `ETag` of the organization as you know it: refuses with 412 where anything of it has changed since.",
        )
        .body::<AtLeastOne<ChangeBody>>(
            r#"{"trustedDestinations": ["https://hooks.acme.example"]}"#,
            FieldError::new("/trustedDestinations", "expected an array, found a string"),
        )
        .refuses([
            ApiError::OrganizationNotFound,
            ApiError::refused("/name", "the name has 121 characters; at most 120 are allowed"),
            ApiError::InProgress { retry_after: WAIT },
        ])
        .answers::<OrganizationAnswer<'static>>(
            StatusCode::OK,
            "The organization as it is now.",
            &[ETAG],
            json!({"message": "Organization updated", "organization": organization(&["https://hooks.acme.example"])}),
        )
        .build()
}

/// Returns an organization as an example.
fn organization(trusted: &[&str]) -> Value {
    json!({
        "_id": "665f1a0c0e0a4b001a2c9f90",
        "name": "Initech",
        "trustedDestinations": trusted,
        "pipelines": [{
            "_id": "665f1a0c0e0a4b001a2c9f91",
            "name": "Sales Funnel",
            "type": "Contact",
            "stages": [{"name": "New Lead", "color": "#3B82F6"}, {"name": "Contacted"}]
        }],
        "agents": [{"_id": "665f1a0c0e0a4b001a2c9f92", "name": "Warm-up Agent"}]
    })
}
