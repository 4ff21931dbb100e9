"""Captures and applies snapshots in a running service and writes the ids for schemathesis: prepare.py URL DIRECTORY."""

import json
import pathlib
import sys
import urllib.request

#: Sam, a SUPERADMIN, and Alex, whose setup is captured: both of events/demo-workspace.json.
SAM = {"email": "sam@globex.example", "password": "Demo-Pass-2026!"}
ALEX = {"sourceOrgId": "64ee9a8b1e7f2a0011223344", "sourceUserId": "64ee9a8b1e7f2a0011223399"}


def post(url: str, body: dict, token: str = "") -> dict:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def main(url: str, directory: pathlib.Path) -> None:
    token = post(f"{url}/api/auth/login", SAM)["token"]

    def write(name: str, ids: list[str]) -> None:
        (directory / f"{name}.dict").write_text("".join(f'"{id}"\n' for id in ids))

    def capture(name: str, count: int) -> list[str]:
        bodies = ({"name": f"{name} {number}", **ALEX} for number in range(count))
        ids = [post(f"{url}/api/user-snapshots", body, token)["snapshot"]["_id"] for body in bodies]
        write(name, ids)
        return ids

    capture("snapshots", 20)
    capture("doomed", 80)
    [applied] = capture("applied", 1)
    users = ({"email": f"new-{number}@globex.example", "password": "TempPass!2026"} for number in range(40))
    answers = [post(f"{url}/api/user-snapshots/{applied}/apply", {"newUser": user}, token) for user in users]
    members, doomed = answers[:10], answers[10:]
    write("applies", [answer["result"]["applyId"] for answer in members])
    write("members", [answer["result"]["userId"] for answer in members])
    write("doomed-members", [answer["result"]["userId"] for answer in doomed])


main(sys.argv[1], pathlib.Path(sys.argv[2]))
