"""What schemathesis has to know of this API and cannot read from its description."""

import collections

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

#: The latest cursors that answers gave, by operation: a place in one list means nothing in another.
CURSORS: dict[str, collections.deque[str]] = collections.defaultdict(lambda: collections.deque(maxlen=50))
#: Fields whose good values no schema can list, so that 422 is a fair answer to one that the schema has. Of any other field the
#: description must say all.
BEYOND_SCHEMAS = {
    # What is named must exist, and fit the snapshot.
    "sourceOrgId",
    "sourceUserId",
    "assignedOrgIds",
    "pipelineMapping",
    "sourceStatusesMapping",
    "agentMapping",
    "idMapping",
    "keepValues",
    "selectedPromptNames",
    "revision",
    "allowDestinations",
    # The form of a domain name, in any script, is beyond a pattern.
    "email",
    # Not one of the most common ones, and not the address.
    "password",
    # How long a duration is, such as P00W, is beyond a pattern.
    "every",
}
#: The description's example of an If-Match: the version of some other snapshot.
EXAMPLE_TAG = '"3.1"'


@schemathesis.hook
def filter_path_parameters(context, path_parameters):
    """API Gateway ends a path at an encoded question mark: what is left is another path, with another route or none."""
    values = map(str, (path_parameters or {}).values())
    return not any("?" in value or "%3f" in value.lower() for value in values)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops what only looks like a failure; the tool's summary says how many that were."""
    try:
        answer = response.json()
        if isinstance(failure, AcceptedNegativeData):
            # A plan answers 200 to what an apply refuses with 422, and lists it in `refusals`: that is no acceptance.
            return not answer["plan"]["refusals"]
        if isinstance(failure, RejectedPositiveData) and response.status_code == 422:
            if answer["code"] == "idempotency_key_reused":
                # The key was sent before, with another body.
                return False
            places = [error["pointer"].split("/") for error in answer["errors"]]
            return not all(BEYOND_SCHEMAS.intersection(place) for place in places)
    except (ValueError, KeyError, TypeError):
        pass
    return True


@schemathesis.hook
def after_call(context, case, response):
    """Keeps the cursor of a page."""
    try:
        cursor = response.json().get("nextCursor")
    except (ValueError, AttributeError):
        return
    if cursor:
        CURSORS[case.operation.label].append(cursor)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes real, in a good request, what no schema tells from other texts of the same letters."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if "cursor" in (case.query or {}):
        known = CURSORS[case.operation.label]
        if known:
            case.query["cursor"] = known[len(case.query["cursor"]) % len(known)]
        else:
            del case.query["cursor"]
    tag = (case.headers or {}).get("If-Match", "*")
    # The tool's coverage phase makes up headers of letters and digits only, whatever their pattern says (4.32.5).
    if tag.isalnum() or tag == EXAMPLE_TAG:
        case.headers["If-Match"] = "*"
