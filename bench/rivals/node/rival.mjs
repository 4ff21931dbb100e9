// The bare job of one function, as a small team would write it for Node.js: no redaction, no mapping rules, no history.
// OPERATION is create, apply or login. It asks Lambda's Runtime API for events, as the managed runtime does.

import { randomBytes } from "node:crypto";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import argon2 from "@node-rs/argon2";
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from "jose";
import { z } from "zod";

const { TABLE_NAME, TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience, OPERATION } = process.env;
// The parameters of the service: Argon2id, 19 MiB, two passes, one lane.
const ARGON2 = { algorithm: 2, memoryCost: 19456, timeCost: 2, parallelism: 1 };
const KINDS = ["AUTOMATION", "PROMPT", "TEMPLATE"];

const table = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT }), {
  marshallOptions: { removeUndefinedValues: true },
});
const keys = createLocalJWKSet(JSON.parse(process.env.JWKS));
const units = { TableName: TABLE_NAME, ReturnConsumedCapacity: "INDEXES" };
const newId = () => randomBytes(12).toString("hex");
const get = (PK, SK = "#META") => table.send(new GetCommand({ ...units, Key: { PK, SK }, ConsistentRead: true }));
const query = (PK) =>
  table.send(
    new QueryCommand({
      ...units,
      KeyConditionExpression: "PK = :pk",
      ExpressionAttributeValues: { ":pk": PK },
      ConsistentRead: true,
    }),
  );

const id = z.string().regex(/^[0-9a-f]{24}$/);
const CreateBody = z.strictObject({
  name: z.string().trim().min(1).max(120),
  description: z.string().max(2000).optional(),
  sourceOrgId: id,
  sourceUserId: id,
});
const Mapping = z.record(z.string(), z.record(z.string(), z.string()));
const ApplyBody = z.strictObject({
  pipelineMapping: Mapping,
  agentMapping: Mapping,
  applyAutomations: z.boolean(),
  applyPrompts: z.boolean(),
  applyTemplates: z.boolean(),
  newUser: z.strictObject({
    email: z.email(),
    password: z.string().min(8).max(128),
    fullName: z.string().min(1).max(120),
    accessRole: z.enum(["SALES_REP", "DEPARTMENT_HEAD", "ADMIN"]),
  }),
});
const LoginBody = z.strictObject({ email: z.email(), password: z.string().min(1).max(128) });

async function callerOf(event) {
  const token = event.headers.authorization.replace(/^Bearer /, "");
  const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ["EdDSA"] });
  return payload;
}

const profileOf = (caller) => get(`ORG#${caller.organizationId}#USER#${caller.sub}`);

async function create(event) {
  const caller = await callerOf(event);
  const body = CreateBody.parse(JSON.parse(event.body));
  const [profile, source, organization] = await Promise.all([
    profileOf(caller),
    query(`ORG#${body.sourceOrgId}#USER#${body.sourceUserId}`),
    query(`ORG#${body.sourceOrgId}`),
  ]);
  if (!profile.Item) return { status: 401, body: {} };
  const items = source.Items.filter((item) => KINDS.some((kind) => item.SK.startsWith(`${kind}#`)));
  const content = gzipSync(JSON.stringify({ items, organization: organization.Items }), { level: 9 });
  const snapshot = newId();
  const now = new Date().toISOString();
  const item = {
    PK: `SNAPSHOT#${snapshot}`,
    SK: "#META",
    LISTPK: `ORG#${body.sourceOrgId}`,
    LISTSK: `${now}#${snapshot}`,
    type: "snapshot",
    ...body,
    createdBy: caller.sub,
    createdAt: now,
    content,
  };
  await table.send(new PutCommand({ ...units, Item: item, ConditionExpression: "attribute_not_exists(PK)" }));
  const count = (kind) => items.filter((item) => item.SK.startsWith(kind)).length;
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, count(kind)]));
  return { status: 201, body: { message: "Snapshot created", snapshot: { _id: snapshot, ...body, counts } } };
}

// Renames the stages in every text of an automation, by the mapping of its name.
function mapped(document, mapping) {
  const stages = mapping[document.name] ?? {};
  return JSON.parse(JSON.stringify(document), (_, value) => stages[value] ?? value);
}

async function apply(event) {
  const caller = await callerOf(event);
  const body = ApplyBody.parse(JSON.parse(event.body));
  const snapshotId = id.parse(event.pathParameters.id);
  const [passwordHash, profile, snapshot] = await Promise.all([
    argon2.hash(body.newUser.password, ARGON2),
    profileOf(caller),
    get(`SNAPSHOT#${snapshotId}`),
    query(`ORG#${caller.organizationId}`),
  ]);
  if (!profile.Item || !snapshot.Item) return { status: 404, body: {} };
  const { items } = JSON.parse(gunzipSync(snapshot.Item.content));
  const [user, now, email] = [newId(), new Date().toISOString(), body.newUser.email.toLowerCase()];
  const PK = `ORG#${caller.organizationId}#USER#${user}`;
  const put = (Item) => ({ Put: { TableName: TABLE_NAME, Item, ConditionExpression: "attribute_not_exists(PK)" } });
  const clones = items.map((item) => {
    const [kind, source] = item.SK.split("#");
    const document = kind === "AUTOMATION" ? mapped(item.document, body.pipelineMapping) : item.document;
    return { PK, SK: `${kind}#${newId()}`, type: item.type, document, setupVersion: 1, clonedFrom: source };
  });
  const { password, email: _, ...shown } = body.newUser;
  const apply = newId();
  const writes = [
    ...clones,
    { PK, SK: "#META", type: "user", email, ...shown, createdAt: now },
    { PK, SK: "PREFERENCES", type: "preferences", enabled: {} },
    { PK: `EMAIL#${email}`, SK: "#META", type: "email", organizationId: caller.organizationId, userId: user, passwordHash },
    { PK: `SNAPSHOT#${snapshotId}`, SK: `APPLY#${apply}`, type: "apply", userId: user, appliedBy: caller.sub, at: now },
  ];
  await table.send(new TransactWriteCommand({ ReturnConsumedCapacity: "INDEXES", TransactItems: writes.map(put) }));
  return { status: 201, body: { message: "Snapshot applied", result: { userId: user, clones: clones.length } } };
}

let signingKey;

async function login(event) {
  const body = LoginBody.parse(JSON.parse(event.body));
  const claim = (await get(`EMAIL#${body.email.toLowerCase()}`)).Item;
  if (!claim) return { status: 401, body: {} };
  const PK = `ORG#${claim.organizationId}#USER#${claim.userId}`;
  const [isRight, profile] = await Promise.all([argon2.verify(claim.passwordHash, body.password), get(PK)]);
  if (!isRight) return { status: 401, body: {} };
  const { email, fullName, accessRole } = profile.Item;
  const seen = { ...units, Key: { PK, SK: "#META" }, UpdateExpression: "SET lastSignInAt = :now" };
  await table.send(new UpdateCommand({ ...seen, ExpressionAttributeValues: { ":now": new Date().toISOString() } }));
  const claims = { organizationId: claim.organizationId, accessRole, name: fullName };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA", typ: "JWT" })
    .setSubject(claim.userId)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(signingKey);
  return { status: 200, body: { token, user: { id: claim.userId, email, fullName, accessRole } } };
}

// The Runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new HttpAgent({ keepAlive: true });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host, port, agent, method, path: `/2018-06-01/runtime/${path}` }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(parts).toString() }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function serve(handle) {
  for (;;) {
    const event = await call("GET", "invocation/next");
    const answer = await handle(JSON.parse(event.body)).catch((error) => {
      console.error(error);
      return { status: 500, body: {} };
    });
    const headers = { "content-type": "application/json" };
    const sent = { statusCode: answer.status, headers, body: JSON.stringify(answer.body), isBase64Encoded: false };
    await call("POST", `invocation/${event.headers["lambda-runtime-aws-request-id"]}/response`, JSON.stringify(sent));
  }
}

async function start() {
  if (OPERATION === "login") signingKey = await importJWK(JSON.parse(process.env.SIGNING_KEY), "EdDSA");
  // Opens the connection during the start, as the service does.
  await get("ORG#000000000000000000000000");
  await serve({ create, apply, login }[OPERATION]);
}

start();
