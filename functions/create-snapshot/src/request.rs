//! The body of a create request.

use lambda_http::Request;
use serde::{Deserialize, Serialize};
use shared::domain::{Description, Fingerprint, ObjectId, SnapshotName};
use shared::http::{ApiError, Fields, body};

/// Its JSON form is what a fingerprint covers.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CreateBody {
    name: String,
    source_org_id: String,
    source_user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

/// What the caller wants captured.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) name: SnapshotName,
    pub(crate) description: Option<Description>,
    pub(crate) source_organization: ObjectId,
    pub(crate) source_user: ObjectId,
    pub(crate) fingerprint: Fingerprint,
}

impl Wanted {
    pub(crate) fn parse(request: &Request) -> Result<Self, ApiError> {
        let body: CreateBody = body::parse(request)?;
        let fingerprint = Fingerprint::of(&body);
        let mut fields = Fields::default();
        let name = fields.take("/name", SnapshotName::parse(body.name));
        let description = fields.take_optional("/description", body.description, Description::parse);
        let source_organization = fields.take("/sourceOrgId", body.source_org_id.parse());
        let source_user = fields.take("/sourceUserId", body.source_user_id.parse());
        match (name, description, source_organization, source_user) {
            (Some(name), Some(description), Some(source_organization), Some(source_user)) => {
                Ok(Self { name, description, source_organization, source_user, fingerprint })
            }
            _ => Err(fields.into_error()),
        }
    }
}
