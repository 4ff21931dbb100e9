//! The body of a create request.

use serde::{Deserialize, Serialize};
use shared::domain::{Description, Fingerprint, ObjectId, SnapshotName};
use shared::http::{ApiError, Fields};
use utoipa::ToSchema;

/// The customer's request, as on their page.
pub const EXAMPLE: &str = r#"{
  "name": "Top performer baseline 2026-05",
  "description": "Senior AE automations and prompts for Q2 rollout.",
  "sourceOrgId": "64ee9a8b1e7f2a0011223344",
  "sourceUserId": "64ee9a8b1e7f2a0011223399"
}"#;

/// The user to capture, and the name of the snapshot.
// The fingerprint covers the JSON form.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = CreateSnapshot)]
pub(crate) struct CreateBody {
    /// The name, as a snapshot picker shows it.
    #[schema(value_type = SnapshotName)]
    name: String,
    /// The organization of the user to be captured.
    #[schema(value_type = ObjectId)]
    source_org_id: String,
    /// The user whose setup is captured.
    #[schema(value_type = ObjectId)]
    source_user_id: String,
    /// Notes on what the snapshot captures.
    #[schema(nullable = false, value_type = Option<Description>)]
    description: Option<String>,
    /// The organization that a SUPERADMIN acts in; your own when absent. An `Idempotency-Key` counts for it alone.
    #[schema(nullable = false, value_type = Option<ObjectId>)]
    organization_id: Option<String>,
}

/// The parsed body of a create request.
#[derive(Debug)]
pub(crate) struct CreateParameters {
    pub(crate) name: SnapshotName,
    pub(crate) description: Option<Description>,
    pub(crate) source_organization: ObjectId,
    pub(crate) source_user: ObjectId,
    /// The organization to act in.
    pub(crate) organization: Option<ObjectId>,
    pub(crate) fingerprint: Fingerprint,
}

impl CreateParameters {
    pub(crate) fn parse(body: CreateBody) -> Result<Self, ApiError> {
        let fingerprint = Fingerprint::of(&body);
        let mut fields = Fields::default();
        let name = fields.take("/name", SnapshotName::parse(body.name));
        let description = fields.take_optional("/description", body.description, Description::parse);
        let source_organization = fields.take("/sourceOrgId", body.source_org_id.parse());
        let source_user = fields.take("/sourceUserId", body.source_user_id.parse());
        let organization = fields.take_optional("/organizationId", body.organization_id, |id| id.parse());
        match (name, description, source_organization, source_user, organization) {
            (Some(name), Some(description), Some(source_organization), Some(source_user), Some(organization)) => {
                Ok(Self { name, description, source_organization, source_user, organization, fingerprint })
            }
            _ => Err(fields.into_error()),
        }
    }
}
