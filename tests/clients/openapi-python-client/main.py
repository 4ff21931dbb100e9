"""The main job with the client of openapi-python-client: main.py URL."""

import sys
import uuid

from user_snapshots_client import AuthenticatedClient, Client
from user_snapshots_client.api.applies import list_applies, undo_apply
from user_snapshots_client.api.sign_in import login
from user_snapshots_client.api.snapshots import (
    apply_snapshot,
    create_snapshot,
    delete_snapshot,
    get_apply_references,
    list_capturable_users,
    plan_snapshot,
    rename_snapshot,
)
from user_snapshots_client.models import (
    ApplySnapshot,
    ApplySnapshotAgentMapping,
    ApplySnapshotPipelineMapping,
    ApplyState,
    CreateSnapshot,
    Login,
    NewUser,
    PlannedUser,
    PlanSnapshot,
    PlanSnapshotAgentMapping,
    PlanSnapshotPipelineMapping,
    Problem,
    RenameSnapshot,
    Role,
    UndoApply,
)

ACME = "64ee9a8b1e7f2a0011223344"
URL = sys.argv[1]


def body(response):
    """Returns the body of a successful answer, and fails with the problem of any other one."""
    if response.parsed is None or isinstance(response.parsed, Problem):
        raise SystemExit(f"{response.status_code}: {response.content.decode()}")
    return response.parsed


anyone = Client(base_url=URL, raise_on_unexpected_status=True)
signed_in = body(login.sync_detailed(client=anyone, body=Login("sam@globex.example", "Demo-Pass-2026!")))
assert signed_in.user.access_role is Role.SUPERADMIN
sam = AuthenticatedClient(base_url=URL, token=signed_in.token, raise_on_unexpected_status=True)

users = body(list_capturable_users.sync_detailed(ACME, client=sam)).users
source = next(user for user in users if user.email == "alex@acme.example")
request = CreateSnapshot(name="From Python", source_org_id=ACME, source_user_id=source.field_id)
created = create_snapshot.sync_detailed(client=sam, body=request, idempotency_key=str(uuid.uuid4()))
snapshot = body(created).snapshot
assert (snapshot.counts.automations, snapshot.counts.prompts, snapshot.counts.templates) == (5, 8, 12)

references = body(get_apply_references.sync_detailed(snapshot.field_id, client=sam))
stage = next(reference for reference in references.stage_refs if not reference.suggestions)
agent = references.agent_refs[0]
stages = {stage.automation_name: {stage.value: "Reached Out"}}
agents = {agent.automation_name: {agent.value: references.target_agents[0].field_id}}
person = {
    "email": "casey.python@globex.example",
    "password": "TempPass!2026",
    "full_name": "Casey New",
    "access_role": Role.SALES_REP,
}

request = PlanSnapshot(
    new_user=PlannedUser(**person),
    pipeline_mapping=PlanSnapshotPipelineMapping.from_dict(stages),
    agent_mapping=PlanSnapshotAgentMapping.from_dict(agents),
)
plan = body(plan_snapshot.sync_detailed(snapshot.field_id, client=sam, body=request)).plan
assert not plan.refusals and plan.plan_hash

request = ApplySnapshot(
    new_user=NewUser(**person),
    pipeline_mapping=ApplySnapshotPipelineMapping.from_dict(stages),
    agent_mapping=ApplySnapshotAgentMapping.from_dict(agents),
)
applied = apply_snapshot.sync_detailed(snapshot.field_id, client=sam, body=request, if_match=plan.plan_hash)
result = body(applied).result
assert result.user_email == person["email"]

# A refusal has the type that is described.
again = apply_snapshot.sync_detailed(snapshot.field_id, client=sam, body=request).parsed
assert isinstance(again, Problem) and again.code == "email_taken"

request = RenameSnapshot(name="Renamed", refresh=None)
renamed = rename_snapshot.sync_detailed(snapshot.field_id, client=sam, body=request, if_match=snapshot.version)
assert body(renamed).snapshot.name == "Renamed"

applies = body(list_applies.sync_detailed(snapshot.field_id, client=sam, limit=1)).applies
assert applies[0].field_id == result.apply_id
undone = undo_apply.sync_detailed(snapshot.field_id, result.apply_id, client=sam, body=UndoApply(force=False))
assert body(undone).apply.state is ApplyState.UNDONE
body(delete_snapshot.sync_detailed(snapshot.field_id, client=sam))
