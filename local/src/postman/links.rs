//! What the collection knows of each operation beyond its description: the variables that a request takes, and those that its answer gives.

use shared::http::OperationId;

/// Variables with the values that a fresh `cargo run` accepts. Another service needs other ones.
pub(super) const SETTINGS: [(&str, &str, &str); 5] = [
    ("baseUrl", "http://127.0.0.1:3000", "Where the service is."),
    ("email", "sam@globex.example", "Who signs in. The requests for a SUPERADMIN answer 403 to an ADMIN."),
    ("password", "Demo-Pass-2026!", "That user's password."),
    ("sourceOrgId", "64ee9a8b1e7f2a0011223344", "The organization whose best performer is captured."),
    ("newUserPassword", "TempPass!2026", "The password of the user whom an apply creates."),
];

/// What links one request to the answers before and after it.
#[derive(Default)]
pub(super) struct Links {
    /// Fields of the example body, as JSON pointers, with the variables that replace them.
    pub(super) body: &'static [(&'static str, &'static str)],
    /// Optional query parameters that are sent, with the variables that are their values.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// The variable that goes along as `If-Match`.
    pub(super) if_match: Option<&'static str>,
    /// Variables, and the expression in JavaScript of `body`, the answer, that is the new value of each.
    pub(super) keeps: &'static [(&'static str, &'static str)],
    /// Further lines of the script that runs after the answer.
    pub(super) script: &'static [&'static str],
}

/// The fields of a plan and of an apply that come from earlier answers.
const APPLY_FIELDS: &[(&str, &str)] = &[
    ("/newUser/email", "newUserEmail"),
    ("/newUser/password", "newUserPassword"),
    ("/pipelineMapping", "pipelineMapping"),
    ("/agentMapping", "agentMapping"),
];

const VERSION: (&str, &str) = ("version", "body.snapshot.version");

/// Maps each reference that needs it to its first suggestion, or to something that exists in the organization.
const MAP_REFERENCES: &[&str] = &[
    "const pipelineMapping = {}, agentMapping = {};",
    "const map = (mapping, reference, target) => {",
    "  (mapping[reference.automationName] ??= {})[reference.value] = target;",
    "};",
    "const isThere = ({ suggestions }) => suggestions[0]?.reason === 'sameName';",
    "const stages = body.targetPipelines.flatMap(({ stages }) => stages);",
    "for (const reference of body.stageRefs.filter((reference) => !isThere(reference))) {",
    "  map(pipelineMapping, reference, (reference.suggestions[0] ?? stages[1]).name);",
    "}",
    "for (const reference of body.agentRefs.filter((reference) => !isThere(reference))) {",
    "  map(agentMapping, reference, (reference.suggestions[0] ?? body.targetAgents[0])._id);",
    "}",
    "pm.collectionVariables.set('pipelineMapping', JSON.stringify(pipelineMapping));",
    "pm.collectionVariables.set('agentMapping', JSON.stringify(agentMapping));",
];

/// Applies the snapshot once more. The first apply is undone, so the requests about users need a user of their own.
const MAKE_SECOND_USER: &[&str] = &[
    "const second = JSON.parse(pm.variables.replaceIn(pm.request.body.raw));",
    "second.newUser.email = `second.${second.newUser.email}`;",
    "pm.sendRequest({",
    "  url: pm.variables.replaceIn(pm.request.url.toString()),",
    "  method: 'POST',",
    "  header: { 'Content-Type': 'application/json', Authorization: `Bearer ${pm.collectionVariables.get('token')}` },",
    "  body: { mode: 'raw', raw: JSON.stringify(second) },",
    "}, (error, response) => pm.test('A second user is there', () => pm.expect(response.code).to.eql(201)));",
];

/// Returns what the collection adds to an operation.
pub(super) fn links(operation: OperationId) -> Links {
    match operation {
        OperationId::Login => Links {
            body: &[("/email", "email"), ("/password", "password")],
            keeps: &[
                ("token", "body.token"),
                ("organizationId", "body.user.organizationId"),
                // A new address each time, so that the collection can run again.
                ("newUserEmail", "`casey.${Date.now()}@acme.example`"),
            ],
            ..Links::default()
        },
        OperationId::ListCapturableUsers => Links {
            keeps: &[("sourceUserId", "body.users.find(({ accessRole }) => accessRole === 'SALES_REP')._id")],
            ..Links::default()
        },
        OperationId::CreateSnapshot => Links {
            body: &[("/sourceOrgId", "sourceOrgId"), ("/sourceUserId", "sourceUserId")],
            keeps: &[("snapshotId", "body.snapshot._id"), ("revision", "body.snapshot.revision"), VERSION],
            ..Links::default()
        },
        OperationId::GetSnapshot => Links { keeps: &[VERSION], ..Links::default() },
        OperationId::GetApplyReferences => Links { script: MAP_REFERENCES, ..Links::default() },
        OperationId::PlanSnapshot => Links {
            body: APPLY_FIELDS,
            keeps: &[("planHash", "body.plan.planHash")],
            script: &["pm.test('Nothing is refused', () => pm.expect(body.plan.refusals).to.eql([]));"],
            ..Links::default()
        },
        OperationId::ApplySnapshot => Links {
            body: APPLY_FIELDS,
            if_match: Some("planHash"),
            keeps: &[("applyId", "body.result.applyId")],
            script: MAKE_SECOND_USER,
            ..Links::default()
        },
        OperationId::AssignSnapshot => Links {
            body: &[
                ("/assignedOrgIds/0", "sourceOrgId"),
                ("/assignedOrgIds/1", "organizationId"),
                ("/revision", "revision"),
            ],
            if_match: Some("version"),
            keeps: &[VERSION],
            ..Links::default()
        },
        OperationId::RefreshSnapshot => Links { keeps: &[VERSION], ..Links::default() },
        OperationId::RenameSnapshot | OperationId::RestoreRevision => {
            Links { if_match: Some("version"), keeps: &[VERSION], ..Links::default() }
        }
        OperationId::DeleteSnapshot => Links { if_match: Some("version"), ..Links::default() },
        OperationId::ListRevisions => {
            Links { keeps: &[("revision", "body.revisions.at(-1).revision")], ..Links::default() }
        }
        OperationId::CompareRevisions => {
            Links { query: &[("from", "revision"), ("to", "revision")], ..Links::default() }
        }
        OperationId::ListApplies => Links {
            keeps: &[(
                "applyId",
                "body.applies.find(({ userEmail }) => userEmail === pm.collectionVariables.get('newUserEmail'))._id",
            )],
            ..Links::default()
        },
        OperationId::UndoApply => Links {
            script: &["pm.test('The user is gone', () => pm.expect(body.apply.state).to.eql('undone'));"],
            ..Links::default()
        },
        OperationId::ChangePassword => Links {
            // The same password again, so that the collection can run again.
            body: &[("/currentPassword", "password"), ("/newPassword", "password")],
            keeps: &[("token", "body.token")],
            ..Links::default()
        },
        OperationId::ListUsers => Links {
            // The user is removed in the end. None of the demo's own is, so that the collection can run again.
            keeps: &[(
                "userId",
                "body.users.find(({ email }) => email === `second.${pm.collectionVariables.get('newUserEmail')}`)._id",
            )],
            ..Links::default()
        },
        OperationId::InviteUser => Links { keeps: &[("invitationToken", "body.invitation.token")], ..Links::default() },
        OperationId::AcceptInvitation => {
            Links { body: &[("/token", "invitationToken"), ("/password", "password")], ..Links::default() }
        }
        OperationId::CreateOrganization => Links { body: &[("/copyFrom", "sourceOrgId")], ..Links::default() },
        OperationId::VerifyToken
        | OperationId::ListOrganizations
        | OperationId::GetOrganization
        | OperationId::ChangeOrganization
        | OperationId::RemoveUser
        | OperationId::GetUser
        | OperationId::GetSetup
        | OperationId::ChangeUser
        | OperationId::ListSnapshots
        | OperationId::ListSnapshotItems
        | OperationId::GetApply
        | OperationId::ListOrganizationApplies
        | OperationId::GetRevision
        | OperationId::GetHealth
        | OperationId::GetOpenApi
        | OperationId::GetOpenApi30
        | OperationId::GetDocs
        | OperationId::GetIndex => Links::default(),
    }
}

/// Returns the variable that is the value of a path parameter.
pub(super) fn of_path(parameter: &str) -> &str {
    match parameter {
        "id" => "snapshotId",
        "orgId" => "sourceOrgId",
        other => other,
    }
}
