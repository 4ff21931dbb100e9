"""The main job with the Python client of OpenAPI Generator: main.py URL."""

import sys
import uuid

from snapshots_client import (
    ApiClient,
    ApiException,
    AppliesApi,
    ApplySnapshot,
    ApplyState,
    Configuration,
    CreateSnapshot,
    Login,
    NewUser,
    PlannedUser,
    PlanSnapshot,
    RenameSnapshot,
    Role,
    SignInApi,
    SnapshotsApi,
    UndoApply,
)

ACME = "64ee9a8b1e7f2a0011223344"
URL = sys.argv[1]

signed_in = SignInApi(ApiClient(Configuration(host=URL))).login(Login(email="sam@globex.example", password="Demo-Pass-2026!"))
assert signed_in.user.access_role is Role.SUPERADMIN
client = ApiClient(Configuration(host=URL, access_token=signed_in.token))
snapshots, applies = SnapshotsApi(client), AppliesApi(client)

source = next(user for user in snapshots.list_capturable_users(ACME).users if user.email == "alex@acme.example")
request = CreateSnapshot(name="From OpenAPI Generator", sourceOrgId=ACME, sourceUserId=source.id)
snapshot = snapshots.create_snapshot(request, idempotency_key=str(uuid.uuid4())).snapshot
assert (snapshot.counts.automations, snapshot.counts.prompts, snapshot.counts.templates) == (5, 8, 12)

references = snapshots.get_apply_references(snapshot.id)
stage = next(reference for reference in references.stage_refs if not reference.suggestions)
agent = references.agent_refs[0]
mapping = {
    "pipelineMapping": {stage.automation_name: {stage.value: "Reached Out"}},
    "agentMapping": {agent.automation_name: {agent.value: references.target_agents[0].id}},
}
person = {
    "email": "casey.generator@globex.example",
    "password": "TempPass!2026",
    "fullName": "Casey New",
    "accessRole": Role.SALES_REP,
}

plan = snapshots.plan_snapshot(snapshot.id, PlanSnapshot(newUser=PlannedUser(**person), **mapping)).plan
assert not plan.refusals and plan.plan_hash
request = ApplySnapshot(newUser=NewUser(**person), **mapping)
result = snapshots.apply_snapshot(snapshot.id, request, if_match=plan.plan_hash).result
assert result.user_email == person["email"]

# A refusal comes as an exception with the problem that is described.
try:
    snapshots.apply_snapshot(snapshot.id, request)
    raise SystemExit("the address was taken, and the apply was not refused")
except ApiException as refusal:
    assert (refusal.status, refusal.data.code) == (409, "email_taken")

renamed = snapshots.rename_snapshot(snapshot.id, RenameSnapshot(name="Renamed", refresh=None), if_match=snapshot.version)
assert renamed.snapshot.name == "Renamed"

listed = applies.list_applies(snapshot.id, limit=1).applies
assert listed[0].id == result.apply_id
undone = applies.undo_apply(snapshot.id, result.apply_id, undo_apply=UndoApply(force=False)).apply
assert undone.state is ApplyState.UNDONE
snapshots.delete_snapshot(snapshot.id)
