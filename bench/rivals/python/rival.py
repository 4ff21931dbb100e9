"""The bare job of one function, as a small team would write it for Python: no redaction, no mapping rules, no history.

OPERATION is create, apply or login. It asks Lambda's Runtime API for events, as the managed runtime does.
"""

import gzip
import http.client
import json
import os
import re
import secrets
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Annotated, Literal

import boto3
import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from pydantic import BaseModel, ConfigDict, EmailStr, StringConstraints

TABLE = os.environ["TABLE_NAME"]
ISSUER, AUDIENCE = os.environ["TOKEN_ISSUER"], os.environ["TOKEN_AUDIENCE"]
OPERATION = os.environ["OPERATION"]
KINDS = ("AUTOMATION", "PROMPT", "TEMPLATE")

client = boto3.client(
    "dynamodb", endpoint_url=os.environ["DYNAMODB_ENDPOINT"], config=Config(max_pool_connections=8, tcp_keepalive=True)
)
# The parameters of the service: Argon2id, 19 MiB, two passes, one lane.
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
keys = {key["kid"]: jwt.PyJWK(key) for key in json.loads(os.environ["JWKS"])["keys"]}
signing_key = jwt.PyJWK(json.loads(os.environ["SIGNING_KEY"])) if OPERATION == "login" else None
threads = ThreadPoolExecutor(4)
serialize, deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize

Id = Annotated[str, StringConstraints(pattern="^[0-9a-f]{24}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Mapping = dict[str, dict[str, str]]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CreateBody(Body):
    name: Name
    description: Annotated[str, StringConstraints(max_length=2000)] | None = None
    sourceOrgId: Id
    sourceUserId: Id


class NewUser(Body):
    email: EmailStr
    password: Annotated[str, StringConstraints(min_length=8, max_length=128)]
    fullName: Name
    accessRole: Literal["SALES_REP", "DEPARTMENT_HEAD", "ADMIN"]


class ApplyBody(Body):
    pipelineMapping: Mapping
    agentMapping: Mapping
    applyAutomations: bool
    applyPrompts: bool
    applyTemplates: bool
    newUser: NewUser


class LoginBody(Body):
    email: EmailStr
    password: Annotated[str, StringConstraints(min_length=1, max_length=128)]


def new_id():
    return secrets.token_hex(12)


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def get(pk, sk="#META"):
    key = {"PK": {"S": pk}, "SK": {"S": sk}}
    answer = client.get_item(TableName=TABLE, Key=key, ConsistentRead=True, ReturnConsumedCapacity="INDEXES")
    item = answer.get("Item")
    return item and {name: deserialize(value) for name, value in item.items()}


def query(pk):
    answer = client.query(
        TableName=TABLE,
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        ConsistentRead=True,
        ReturnConsumedCapacity="INDEXES",
    )
    return answer["Items"]


def stored(item):
    return {name: serialize(value) for name, value in item.items()}


def caller_of(event):
    token = event["headers"]["authorization"].removeprefix("Bearer ")
    key = keys[jwt.get_unverified_header(token)["kid"]]
    # The machine's clock may be a moment behind that of the signer.
    return jwt.decode(token, key, algorithms=["EdDSA"], issuer=ISSUER, audience=AUDIENCE, leeway=5)


def profile_of(caller):
    return get(f"ORG#{caller['organizationId']}#USER#{caller['sub']}")


def create(event):
    caller = caller_of(event)
    body = CreateBody.model_validate_json(event["body"])
    profile = threads.submit(profile_of, caller)
    source = threads.submit(query, f"ORG#{body.sourceOrgId}#USER#{body.sourceUserId}")
    organization = threads.submit(query, f"ORG#{body.sourceOrgId}")
    if not profile.result():
        return 401, {}
    # Items stay in DynamoDB's JSON, which spares the numbers a way through floats.
    items = [item for item in source.result() if item["SK"]["S"].split("#")[0] in KINDS]
    content = gzip.compress(json.dumps({"items": items, "organization": organization.result()}).encode(), 9)
    snapshot, created = new_id(), now()
    item = {
        "PK": f"SNAPSHOT#{snapshot}",
        "SK": "#META",
        "LISTPK": f"ORG#{body.sourceOrgId}",
        "LISTSK": f"{created}#{snapshot}",
        "type": "snapshot",
        **body.model_dump(),
        "createdBy": caller["sub"],
        "createdAt": created,
        "content": content,
    }
    client.put_item(
        TableName=TABLE,
        Item=stored(item),
        ConditionExpression="attribute_not_exists(PK)",
        ReturnConsumedCapacity="INDEXES",
    )
    counts = {kind: sum(item["SK"]["S"].startswith(kind) for item in items) for kind in KINDS}
    snapshot = {"_id": snapshot, **body.model_dump(), "counts": counts}
    return 201, {"message": "Snapshot created", "snapshot": snapshot}


def mapped(value, stages):
    """Renames the stages in every text of an item in DynamoDB's JSON."""
    if isinstance(value, dict):
        return {name: mapped(inner, stages) for name, inner in value.items()}
    if isinstance(value, list):
        return [mapped(inner, stages) for inner in value]
    return stages.get(value, value) if isinstance(value, str) else value


def apply(event):
    caller = caller_of(event)
    body = ApplyBody.model_validate_json(event["body"])
    snapshot_id = event["pathParameters"]["id"]
    if not re.fullmatch("[0-9a-f]{24}", snapshot_id):
        return 404, {}
    password_hash = threads.submit(hasher.hash, body.newUser.password)
    profile = threads.submit(profile_of, caller)
    snapshot = threads.submit(get, f"SNAPSHOT#{snapshot_id}")
    query(f"ORG#{caller['organizationId']}")
    if not profile.result() or not snapshot.result():
        return 404, {}
    items = json.loads(gzip.decompress(bytes(snapshot.result()["content"])))["items"]
    user, created, email = new_id(), now(), body.newUser.email.lower()
    pk = f"ORG#{caller['organizationId']}#USER#{user}"
    clones = []
    for item in items:
        kind, source = item["SK"]["S"].split("#")
        document = item["document"]
        if kind == "AUTOMATION":
            document = mapped(document, body.pipelineMapping.get(document["M"]["name"]["S"], {}))
        clone = {"PK": pk, "SK": f"{kind}#{new_id()}", "setupVersion": 1, "clonedFrom": source}
        clones.append({**stored(clone), "type": item["type"], "document": document})
    shown = body.newUser.model_dump(include={"fullName", "accessRole"})
    claim = {"organizationId": caller["organizationId"], "userId": user, "passwordHash": password_hash.result()}
    record = {"type": "apply", "userId": user, "appliedBy": caller["sub"], "at": created}
    others = [
        {"PK": pk, "SK": "#META", "type": "user", "email": email, **shown, "createdAt": created},
        {"PK": pk, "SK": "PREFERENCES", "type": "preferences", "enabled": {}},
        {"PK": f"EMAIL#{email}", "SK": "#META", "type": "email", **claim},
        {"PK": f"SNAPSHOT#{snapshot_id}", "SK": f"APPLY#{new_id()}", **record},
    ]
    puts = [
        {"Put": {"TableName": TABLE, "Item": item, "ConditionExpression": "attribute_not_exists(PK)"}}
        for item in clones + [stored(item) for item in others]
    ]
    client.transact_write_items(TransactItems=puts, ReturnConsumedCapacity="INDEXES")
    return 201, {"message": "Snapshot applied", "result": {"userId": user, "clones": len(clones)}}


def login(event):
    body = LoginBody.model_validate_json(event["body"])
    claim = get(f"EMAIL#{body.email.lower()}")
    if not claim:
        return 401, {}
    pk = f"ORG#{claim['organizationId']}#USER#{claim['userId']}"
    profile = threads.submit(get, pk)
    try:
        hasher.verify(claim["passwordHash"], body.password)
    except VerifyMismatchError:
        return 401, {}
    client.update_item(
        TableName=TABLE,
        Key=stored({"PK": pk, "SK": "#META"}),
        UpdateExpression="SET lastSignInAt = :now",
        ExpressionAttributeValues={":now": {"S": now()}},
        ReturnConsumedCapacity="INDEXES",
    )
    user, issued = profile.result(), datetime.now(timezone.utc)
    claims = {
        "sub": claim["userId"],
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + timedelta(hours=1),
        "organizationId": claim["organizationId"],
        "accessRole": user["accessRole"],
        "name": user.get("fullName"),
    }
    token = jwt.encode(claims, signing_key.key, algorithm="EdDSA")
    shown = {name: user.get(name) for name in ("email", "fullName", "accessRole")}
    return 200, {"token": token, "user": {"id": claim["userId"], **shown}}


def serve(handle):
    """The Runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html"""
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    root = "/2018-06-01/runtime/invocation"
    while True:
        runtime.request("GET", f"{root}/next")
        event = runtime.getresponse()
        request, body = event.headers["lambda-runtime-aws-request-id"], json.loads(event.read())
        try:
            status, answer = handle(body)
        except Exception:
            traceback.print_exc()
            status, answer = 500, {}
        headers = {"content-type": "application/json"}
        answer = {"statusCode": status, "headers": headers, "body": json.dumps(answer), "isBase64Encoded": False}
        runtime.request("POST", f"{root}/{request}/response", json.dumps(answer))
        runtime.getresponse().read()


# Opens the connection during the start, as the service does.
get("ORG#000000000000000000000000")
serve({"create": create, "apply": apply, "login": login}[OPERATION])
