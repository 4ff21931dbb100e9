// The main job with the types of openapi-typescript and the client openapi-fetch: node main.js URL.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './api';

const ACME = '64ee9a8b1e7f2a0011223344';
const [url] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: url });

// Returns the body of a successful answer, and fails with the problem of any other one.
async function body<T>(request: Promise<{ data?: T; error?: components['schemas']['Problem']; response: Response }>): Promise<T> {
  const { data, error, response } = await request;
  if (data === undefined) throw new Error(`${response.status} ${error?.code}: ${error?.detail}`);
  return data;
}

async function main() {
  const { token, user } = await body(client.POST('/api/auth/login', { body: { email: 'sam@globex.example', password: 'Demo-Pass-2026!' } }));
  assert.equal(user.accessRole, 'SUPERADMIN');
  client.use({ onRequest: ({ request }) => request.headers.set('Authorization', `Bearer ${token}`) });

  const { users } = await body(client.GET('/api/user-snapshots/orgs/{orgId}/users', { params: { path: { orgId: ACME } } }));
  const source = users.find(({ email }) => email === 'alex@acme.example');
  assert(source);
  const { snapshot } = await body(client.POST('/api/user-snapshots', {
    body: { name: 'From TypeScript', sourceOrgId: ACME, sourceUserId: source._id },
    params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
  }));
  assert.deepEqual(snapshot.counts, { automations: 5, prompts: 8, templates: 12 });
  const path = { id: snapshot._id };

  const references = await body(client.GET('/api/user-snapshots/{id}/apply-refs', { params: { path } }));
  const stage = references.stageRefs.find(({ suggestions }) => suggestions.length === 0);
  const agent = references.agentRefs[0];
  assert(stage && agent);
  const mapping = {
    pipelineMapping: { [stage.automationName]: { [stage.value]: 'Reached Out' } },
    agentMapping: { [agent.automationName]: { [agent.value]: references.targetAgents[0]._id } },
  };
  const newUser: components['schemas']['NewUser'] = {
    email: 'casey.typescript@globex.example', password: 'TempPass!2026', fullName: 'Casey New', accessRole: 'SALES_REP',
  };

  const { plan } = await body(client.POST('/api/user-snapshots/{id}/plan', { params: { path }, body: { ...mapping, newUser } }));
  assert.deepEqual(plan.refusals, []);
  assert(plan.planHash);
  const { result } = await body(client.POST('/api/user-snapshots/{id}/apply', {
    params: { path, header: { 'If-Match': plan.planHash } },
    body: { ...mapping, newUser },
  }));
  assert.equal(result.userEmail, newUser.email);

  // A refusal has the type that is described.
  const again = await client.POST('/api/user-snapshots/{id}/apply', { params: { path }, body: { ...mapping, newUser } });
  assert.equal(again.error?.code, 'email_taken');

  const renamed = await body(client.PATCH('/api/user-snapshots/{id}', {
    params: { path, header: { 'If-Match': snapshot.version } }, body: { name: 'Renamed', refresh: null },
  }));
  assert.equal(renamed.snapshot.name, 'Renamed');

  const { applies } = await body(client.GET('/api/user-snapshots/{id}/applies', { params: { path, query: { limit: 1 } } }));
  assert.equal(applies[0]._id, result.applyId);
  const undone = await body(client.POST('/api/user-snapshots/{id}/applies/{applyId}/undo', {
    params: { path: { ...path, applyId: applies[0]._id } }, body: { force: false },
  }));
  assert.equal(undone.apply.state, 'undone');
  await body(client.DELETE('/api/user-snapshots/{id}', { params: { path } }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
