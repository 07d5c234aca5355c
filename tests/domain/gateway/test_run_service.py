"""Skills call from inside a real sandbox: with consent and a lease, and never see what opens the account."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import TokenNotValid
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.gateway.calls.audit import list_calls
from skillyard.domain.gateway.connect.connections import add_key, disconnect, list_connections
from skillyard.domain.gateway.consent import leases
from skillyard.domain.gateway.consent.grants import approve, list_grants, revoke
from skillyard.domain.gateway.consent.run_service import HOST, RunGateway
from skillyard.domain.registry.recall import recall
from skillyard.domain.registry.trust import AdvisorySeverity
from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.model import Run, RunStatus, Work
from skillyard.domain.runs.once import run_once
from skillyard.domain.runs.read import get_receipt, get_run, read_stream
from skillyard.domain.runs.sessions import open_session
from skillyard.domain.runs.start import start_run
from skillyard.infra.envelope import Secret
from skillyard.infra.events import read_after
from skillyard.sandbox.service import ServiceAnswer, ServiceRequest
from skillyard.skill.receipts import open_receipt
from tests.domain.gateway.granting import CALL, CREATE_ISSUE, KEY, NAME, Town, a_town
from tests.domain.gateway.upstream import Asked, Says, says
from tests.makers import a_person

PARAMS = {"repo": "acme/webapp", "title": "Bug"}
ISSUE = {"number": 7, "html_url": "https://github.test/acme/webapp/issues/7"}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with a_town(tmp_path) as made:
        made.github.last = says(ISSUE, 201)
        yield made


def start(town: Town, version: str = "1.0.0", *arguments: str, **more: Any) -> Run:
    given = arguments or (CREATE_ISSUE, json.dumps(PARAMS))
    return start_run(
        town.app, town.ada, name=NAME, version=version, script=more.pop("script", "call.py"), arguments=given, **more
    )


def output(town: Town, run: Run) -> Any:
    stdout, stderr = (read_stream(town.app, town.ada, run_id=run.id, stream=one) for one in ("stdout", "stderr"))
    assert stdout, stderr.decode()
    return json.loads(stdout)


def run(town: Town, version: str = "1.0.0", *arguments: str, **more: Any) -> Any:
    begun = start(town, version, *arguments, **more)
    execute(town.app, run_id=begun.id)
    return output(town, begun)


def told(town: Town, kind: str) -> list[dict[str, Any]]:
    with town.app.database.reading() as tx:
        return [dict(event.data) for event in read_after(tx, 0, limit=10_000) if event.kind == kind]


def test_a_granted_skill_calls_and_the_credential_is_nowhere_inside(town: Town) -> None:
    release = town.publish()
    grant = town.give()
    begun = start(town, "1.0.0")
    execute(town.app, run_id=begun.id)
    answer = output(town, begun)
    assert (answer["status"], answer["data"]) == (201, ISSUE)
    assert answer["meta"]["call_id"].startswith("call_")
    (asked,) = town.github.asked
    assert (asked.method, asked.path, asked.json) == ("POST", "/repos/acme/webapp/issues", {"title": "Bug"})
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    row = list_calls(town.app, town.ada).items[0]
    assert (row.run_id, row.skill, row.digest, row.grant_id) == (begun.id, str(NAME), release.digest, grant.id)
    done = get_run(town.app, town.ada, run_id=begun.id)
    assert done.result is not None
    assert (done.result.observed.services, done.result.observed.hosts) == ((HOST,), ())


def test_an_upstream_that_repeats_the_credential_does_not_hand_it_to_the_program(town: Town) -> None:
    script = "import os\nprint(dict(os.environ), open('/proc/self/environ').read())\n" + CALL
    town.publish(**{"scripts/look__py": script})
    town.give()
    town.github.last = lambda asked: says({"headers": asked.headers}, 200, x_echo=asked.headers["authorization"])
    begun = start(town, "1.0.0", script="look.py")
    execute(town.app, run_id=begun.id)
    said = read_stream(town.app, town.ada, run_id=begun.id, stream="stdout").decode()
    assert "SKILLYARD_LEASE" in said
    assert "authorization" in said
    assert KEY not in said


def test_the_receipt_lists_what_was_called_and_what_was_refused(town: Town) -> None:
    script = CALL.replace("print(json", "call('github.list_issues', {'repo': 'acme/webapp'}); print(json")
    town.publish(declares=[CREATE_ISSUE, "github.list_issues"], **{"scripts/two__py": script})
    grant = town.give()
    begun = start(town, "1.0.0", script="two.py")
    execute(town.app, run_id=begun.id)
    facts = open_receipt(get_receipt(town.app, town.ada, run_id=begun.id), town.app.log_key.verifier)
    refused, made = facts["calls"]
    assert (refused["action"], refused["refused"]) == ("github.list_issues", "grant_missing")
    assert (made["action"], made["status"], made["effect"]) == (CREATE_ISSUE, 201, "write")
    assert (made["grant_id"], made["call_id"]) == (grant.id, output(town, begun)["meta"]["call_id"])
    assert "Bug" not in json.dumps(facts["calls"])


def test_without_consent_nothing_is_called_and_the_program_is_told_where_to_get_it(town: Town) -> None:
    town.publish()
    answer = run(town)
    assert (answer["http"], answer["error"]) == (403, "forbidden")
    assert answer["action_url"].endswith("/grants/approve?skill=ada/bot&version=1.0.0")
    assert town.github.asked == []


def test_a_changed_version_is_refused_until_it_is_approved(town: Town) -> None:
    town.publish()
    town.give(limits={"repo": ["acme/*"]})
    assert run(town)["status"] == 201
    changed = town.publish("1.0.1", notes__txt="!")
    refused = run(town, "1.0.1")
    assert (refused["http"], refused["reason_code"]) == (403, "grant_stale")
    assert refused["difference"] == {
        "since": "1.0.0",
        "may_newly": [],
        "changed": ["SKILL.md"],
        "added": ["notes.txt"],
        "removed": [],
    }
    assert run(town)["status"] == 201
    approve(town.app, town.ada, name=NAME, version="1.0.1", expected_digest=changed.digest)
    assert run(town, "1.0.1")["status"] == 201
    outside = run(town, "1.0.1", CREATE_ISSUE, json.dumps({**PARAMS, "repo": "evil/x"}))
    assert outside["reason_code"] == "outside_grant"
    assert len(town.github.asked) == 3


@pytest.mark.parametrize(
    ("arguments", "http", "code"),
    [
        (("github.delete_repo", '{"repo": "acme/webapp"}'), 403, "action_undeclared"),
        (("gitlab.create_issue", "{}"), 403, "action_undeclared"),
        ((CREATE_ISSUE, "{}"), 400, "params_invalid"),
        ((CREATE_ISSUE, '{"repo": "acme/../../user", "title": "x"}'), 400, "params_invalid"),
        ((CREATE_ISSUE, "[]"), 400, "run_call_not_readable"),
        ((CREATE_ISSUE, json.dumps(PARAMS), "sky_lease_of-somebody"), 401, "lease_refused"),
        (("github.create_issue/x", "{}"), 404, "no_such_run_call"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused_before_anything_is_sent(
    town: Town, arguments: tuple[str, ...], http: int, code: str
) -> None:
    town.publish()
    town.give()
    answer = run(town, "1.0.0", *arguments)
    assert (answer["http"], answer["reason_code"]) == (http, code)
    assert town.github.asked == []


CATALOG = """
import json, os, urllib.request
lease = {'authorization': 'Bearer ' + os.environ['SKILLYARD_LEASE']}
found = {}
for path in ('/v1/skills', '/v1/skills/github', '/v1/skills/github/create_issue'):
    asked = urllib.request.Request(os.environ['SKILLYARD_GATEWAY'] + path, headers=lease)
    found[path] = json.load(urllib.request.urlopen(asked))
print(json.dumps(found))
"""


def test_a_program_reads_what_its_skill_declares_and_nothing_else_of_the_catalog(town: Town) -> None:
    town.publish(**{"scripts/read__py": CATALOG})
    found = run(town, "1.0.0", script="read.py")
    (only,) = found["/v1/skills"]["integrations"]
    assert (only["slug"], only["connected"], only["endpoint_count"]) == ("github", True, 1)
    (group,) = found["/v1/skills/github"]["groups"]
    assert [one["name"] for one in group["endpoints"]] == ["create_issue"]
    endpoint = found["/v1/skills/github/create_issue"]
    assert (endpoint["effect"], sorted(endpoint["parameters"]["required"])) == ("write", ["repo", "title"])


NODE = """
const {SKILLYARD_GATEWAY, SKILLYARD_LEASE} = process.env
fetch(`${SKILLYARD_GATEWAY}/v1/github/create_issue`, {
  method: 'POST',
  headers: {authorization: `Bearer ${SKILLYARD_LEASE}`, 'content-type': 'application/json'},
  body: JSON.stringify({params: {repo: 'acme/webapp', title: 'From JavaScript'}})
}).then(answer => answer.json()).then(answer => console.log(JSON.stringify(answer)))
"""


def test_javascript_calls_with_plain_fetch(town: Town) -> None:
    town.publish(**{"scripts/call__mjs": NODE})
    town.give()
    assert run(town, "1.0.0", script="call.mjs")["status"] == 201


def test_runs_that_declare_no_integration_have_no_gateway(town: Town) -> None:
    script = "import json, os\nprint(json.dumps([name for name in os.environ if 'SKILLYARD' in name]))\n"
    town.publish(declares=[], **{"scripts/env__py": script})
    assert run(town, "1.0.0", script="env.py") == []


KEEP = f"""
import pathlib
{CALL.partition("if __name__")[0]}
kept = pathlib.Path('lease.txt')
old = kept.read_text() if kept.exists() else None
kept.write_text(os.environ['SKILLYARD_LEASE'])
print(json.dumps(call(sys.argv[1], json.loads(sys.argv[2]), old)))
"""
OFTEN = f"""
{CALL.partition("if __name__")[0]}
answer = dict()
while 'http' not in answer:
    answer = call(sys.argv[1], json.loads(sys.argv[2]))
print(json.dumps(answer))
"""
LEAVE = f"""
import threading, time
{CALL.partition("if __name__")[0]}
threading.Thread(target=call, args=(sys.argv[1], json.loads(sys.argv[2])), daemon=True).start()
time.sleep(1.5)
os._exit(0)
"""


def test_runs_in_a_session_call_each_with_a_lease_of_its_own(town: Town) -> None:
    declared = {"filesystem": {"read": ["lease.txt"], "write": ["lease.txt"]}}
    town.publish(permissions=declared, **{"scripts/keep__py": KEEP})
    town.give()
    session = open_session(town.app, town.ada)
    assert run(town, "1.0.0", script="keep.py", session_id=session.id)["status"] == 201
    stolen = run(town, "1.0.0", script="keep.py", session_id=session.id)
    assert (stolen["http"], stolen["reason_code"]) == (401, "lease_refused")
    assert len(town.github.asked) == 1
    assert told(town, "lease.misused")[-1]["owner_id"] == town.ada.user_id


CHILD = """
import subprocess, sys
sys.stdout.write(subprocess.check_output([sys.executable, '/skill/scripts/call.py', *sys.argv[1:]], text=True))
"""


def test_what_a_program_starts_is_the_same_run_and_calls_as_it_does(town: Town) -> None:
    town.publish(permissions={"subprocess": True}, **{"scripts/start__py": CHILD})
    town.give()
    assert run(town, "1.0.0", script="start.py")["status"] == 201
    assert list_calls(town.app, town.ada).items[0].skill == str(NAME)


def service_of(town: Town, begun: Run) -> RunGateway:
    return RunGateway(town.app, begun)


def post(service: RunGateway, lease: str, params: Any = PARAMS) -> ServiceAnswer:
    body = json.dumps({"params": params}).encode()
    headers = {"authorization": f"Bearer {lease}"}
    return service.answer(ServiceRequest(method="POST", path="/v1/github/create_issue", headers=headers, body=body))


def test_a_lease_is_good_for_its_own_run_and_only_while_that_runs(town: Town) -> None:
    town.publish()
    town.give()
    waiting, is_over = threading.Event(), threading.Event()

    def hold(_: Asked) -> Says:
        if not waiting.is_set():
            waiting.set()
            is_over.wait(60)
        return says(ISSUE, 201)

    town.github.last = hold
    first, second = start(town, "1.0.0"), start(town, "1.0.0")
    worker = threading.Thread(target=execute, args=(town.app,), kwargs={"run_id": first.id})
    worker.start()
    assert waiting.wait(60)
    lease = leases.open_lease(town.app, first)  # as if somebody had read it: a run has one, the newest
    other = json.loads(post(service_of(town, second), lease).body)
    assert other["reason_code"] == "lease_refused"
    assert post(service_of(town, first), lease).status == 200
    is_over.set()
    worker.join(60)
    after = json.loads(post(service_of(town, first), lease).body)
    assert (after["error"], after["reason_code"]) == ("unauthorized", "lease_refused")
    assert [event["where"] for event in told(town, "lease.misused")] == [second.id]
    with pytest.raises(TokenNotValid):
        authenticate(town.app, lease)


def test_a_lease_that_is_sent_as_a_token_is_told_its_owner_once(town: Town) -> None:
    town.publish()
    begun = start(town, "1.0.0")
    lease = leases.open_lease(town.app, begun)
    for _ in range(3):
        leases.note_elsewhere(town.app, lease)
    leases.note_elsewhere(town.app, lease[:-1] + "x")
    leases.note_elsewhere(town.app, "sky_pt_other")
    assert told(town, "lease.misused") == [{"run_id": begun.id, "owner_id": town.ada.user_id, "where": "http"}]


def calling_often(town: Town) -> tuple[Run, threading.Thread]:
    """A run that calls every moment until it is refused, and says why."""
    town.publish(**{"scripts/often__py": OFTEN})
    town.give()
    begun = start(town, "1.0.0", script="often.py")
    worker = threading.Thread(target=execute, args=(town.app,), kwargs={"run_id": begun.id})
    worker.start()
    until = time.monotonic() + 60
    while not town.github.asked and time.monotonic() < until:
        time.sleep(0.05)
    assert town.github.asked
    return begun, worker


def test_what_is_taken_back_stops_a_run_that_is_under_way(town: Town) -> None:
    begun, worker = calling_often(town)
    revoke(town.app, town.ada, grant_id=list_grants(town.app, town.ada).items[0].id)
    worker.join(60)
    assert output(town, begun)["reason_code"] == "grant_missing"


def test_a_recall_stops_a_run_that_is_under_way(town: Town) -> None:
    begun, worker = calling_often(town)
    recall(town.app, town.ada, name=NAME, versions="*", severity=AdvisorySeverity.CRITICAL, reason="It sends secrets.")
    worker.join(60)
    answer = output(town, begun)
    assert (answer["http"], answer["reason_code"]) == (403, "release_quarantined")


def test_who_is_locked_out_calls_nothing_any_more(town: Town) -> None:
    bob = a_person(town.app, "bob")
    add_key(town.app, bob, integration="github", secrets={"secret": Secret(KEY)}, variables={})
    town.publish()
    town.give(caller=bob)
    begun = start_run(
        town.app, bob, name=NAME, script="call.py", arguments=(CREATE_ISSUE, json.dumps(PARAMS)), version="1.0.0"
    )
    suspend_user(town.app, town.ada, username="bob")
    execute(town.app, run_id=begun.id)
    assert town.github.asked == []


def test_an_account_that_is_gone_is_told_with_where_to_connect_one(town: Town) -> None:
    town.publish()
    (account,) = list_connections(town.app, town.ada)
    town.give(connection=account.id)
    disconnect(town.app, town.ada, connection_id=account.id)
    answer = run(town)
    assert (answer["http"], answer["error"]) == (403, "integration_not_connected")
    assert answer["action_url"].endswith("/connections?integration=github")


def test_what_the_other_side_answers_is_passed_on_and_a_failure_of_it_told(town: Town) -> None:
    town.publish()
    town.give()
    town.github.answers.append(says({"message": "Validation Failed"}, 422))
    answer = run(town)
    assert (answer["status"], answer["data"]["message"]) == (422, "Validation Failed")
    town.github.answers.append(Says(hang_up=True))
    failed = run(town)
    assert (failed["http"], failed["error"]) == (502, "upstream_unavailable")


def test_a_step_calls_with_the_consent_and_the_account_of_the_seller(town: Town) -> None:
    town.publish()
    town.give()
    bob = a_person(town.app, "bob")
    command = ("python", "/skill/scripts/call.py", CREATE_ISSUE, json.dumps(PARAMS))
    of_seller = Work(owner_id=str(town.ada.user_id), ref="inv_1/0", name=str(NAME), version="1.0.0", command=command)
    assert json.loads(run_once(town.app, of_seller).result.stdout)["status"] == 201
    of_another = replace(of_seller, owner_id=str(bob.user_id), ref="inv_2/0")
    assert json.loads(run_once(town.app, of_another).result.stdout)["reason_code"] == "grant_missing"


def test_a_call_that_is_under_way_when_the_program_ends_is_in_the_receipt(town: Town) -> None:
    town.publish(**{"scripts/leave__py": LEAVE})
    town.give()
    town.github.last = replace(says(ISSUE, 201), wait_s=3.0)
    begun = start(town, "1.0.0", script="leave.py")
    execute(town.app, run_id=begun.id)
    assert get_run(town.app, town.ada, run_id=begun.id).status is RunStatus.SUCCEEDED
    facts = open_receipt(get_receipt(town.app, town.ada, run_id=begun.id), town.app.log_key.verifier)
    assert [(call["action"], call["status"]) for call in facts["calls"]] == [(CREATE_ISSUE, 201)]
