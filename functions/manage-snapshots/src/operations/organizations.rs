//! What the description says of the routes that show organizations.

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde_json::json;
use shared::http::operation::{Operation, OperationDescription};
use shared::http::{ApiError, ManageOperation};

use crate::organizations::{OrganizationAnswer, OrganizationPage};

pub(super) fn list() -> OperationDescription {
    const TEXT: &str = "\
All organizations, for a SUPERADMIN, the highest id first. An organization that another system or an earlier version made without a \
place in the list is not in it; [getOrganization](#getOrganization) shows it by its id, and [a change](#changeOrganization) or \
`local migrate` puts it into the list. Pages work as in [the list of snapshots](#listSnapshots).";
    Operation::new(ManageOperation::ListOrganizations)
        .works()
        .does("List all organizations", TEXT)
        .paged()
        .answers::<OrganizationPage>(
            StatusCode::OK,
            "One page.",
            &[],
            json!({"organizations": [{"_id": "64ee9a8b1e7f2a0011223344", "name": "Acme Corp"}]}),
        )
        .build()
}

pub(super) fn get() -> OperationDescription {
    const TEXT: &str = "\
An organization with its pipelines, its agents and the destinations that it trusts. An ADMIN sees **its own**, a SUPERADMIN any. \
Send the `ETag` as `If-Match` when you [change](#changeOrganization) it.";
    Operation::new(ManageOperation::GetOrganization)
        .works()
        .does("Get an organization", TEXT)
        .path_id("orgId", "The organization.")
        .no_query()
        .refuses([ApiError::OrganizationNotFound])
        .answers::<OrganizationAnswer<'static>>(
            StatusCode::OK,
            "The organization.",
            &[ETAG],
            json!({"organization": {
                "_id": "64ee9a8b1e7f2a0011223344",
                "name": "Acme Corp",
                "trustedDestinations": ["https://hooks.acme.example"],
                "pipelines": [{
                    "_id": "64eea1110000000000000011",
                    "name": "Sales Funnel",
                    "type": "Contact",
                    "stages": [{"name": "New Lead", "color": "#3B82F6"}, {"name": "Contacted"}]
                }],
                "agents": [{"_id": "64eea1110000000000000061", "name": "Warm-up Agent"}]
            }}),
        )
        .build()
}
