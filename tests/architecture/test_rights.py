"""Every route is probed without rights, as a stranger, and with a scoped token. Open ones stand in open_routes.txt."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.entrance import Entrance
from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.application import build_native, every_route, operation_id
from skillyard.app import App
from tests.api.asgi import Answer, call

OPEN = set(Path(__file__).with_name("open_routes.txt").read_text().split())
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
VALUES = {
    "namespace": "ada", "slug": "hidden", "version": "1.0.0", "path": "SKILL.md", "channel": "next",
    "username": "ada", "token_id": "tok_none", "session_id": "cli_none", "upload_id": "upl_none",
    "publisher_id": "pub_none", "sha256": "0" * 64,
    "run_id": "run_none", "stream": "stdout",
    "appeal_id": "apl_none", "override_id": "ovr_none", "advisory_id": "adv_none",
    "identity_id": "idn_none", "level": "0", "index": "000.p/1",
    "credential_id": "cred_none", "hook_id": "hook_none", "delivery_id": "msg_none", "agent_id": "agt_none",
    "key_id": "akey_none", "claim_id": "clm_none", "offer_id": "skl_none", "invocation_id": "sinv_none",
    "request_id": "sreq_none", "composition_id": "cmp_none", "share_id": "shr_none", "source_id": "src_none",
    "release_id": "rel_none", "link": "none", "invoice_id": "inv_none", "collection": "probe", "payout_id": "po_none",
    "rail": "stripe", "asset": "TON", "integration": "github", "endpoint": "create_issue",
    "connection_id": "conn_none", "grant_id": "grant_none", "attempt_id": "attempt_none",
}  # fmt: skip


def routes() -> list[tuple[str, str, str]]:
    return [
        (operation_id(route), method, re.sub(r"{(\w+)(?::\w+)?}", lambda match: VALUES[match[1]], PREFIX + route.path))
        for route in every_route()
        for method in route.methods or ()
    ]


BODIES: dict[str, dict[str, Any]] = {
    "redeemSignInLink": {"code": "x" * 20},
    "signInWithPassword": {"username": "ada", "password": "wrong"},
    "startCliSession": {"code_challenge": "x" * 43, "client_name": "probe"},
    "renewSession": {"refresh_token": "sky_rt_none"},
    "pollCliSession": {"code_verifier": "x" * 43},
    "setPassword": {"password": "correct horse battery staple"},
    "createToken": {"name": "probe", "scopes": ["read"]},
    "createNamespace": {"slug": "mine-too"},
    "setMember": {"role": "owner"},
    "addPublisher": {"issuer": "https://gitlab.com", "claims": {"project_path": "a/b", "ci_config_ref_uri": "c"}},
    "exchangeIdToken": {"token": "a.b.c"},
    "updateSkill": {"visibility": "public"},
    "setChannel": {"version": "1.0.0"},
    "yankRelease": {"reason": "because"},
    "deprecateRelease": {"message": "because"},
    "deprecateSkill": {"message": "because"},
    "appealFinding": {"rule": "code.remote-execution", "reason": "because"},
    "acceptAppeal": {"reason": "because"},
    "rejectAppeal": {"reason": "because"},
    "recallReleases": {"versions": "*", "severity": "high", "reason": "because"},
    "startUpload": {"sha256": "0" * 64, "size_bytes": 10},
    "resolveClosure": {"requirements": {"ada/hidden": "*"}},
    "registerAgent": {"name": "probe"},
    "blockAgent": {"reason": "because"},
    "enrollAgentKey": {"public_key": {"x": "x"}, "challenge_id": "x", "signed_challenge": "x"},
    "attestClaim": {"claim_type": "verified_human", "assurance": "high"},
    "addCredential": {"provider": "openai", "secret": "sk-a-probe"},
    "setCallPlan": {"plan": "pro"},
    "addConnection": {"integration": "github", "secrets": {"secret": "ghp_probe"}},
    "startConnectionAttempt": {"integration": "github"},
    "setIntegrationClient": {"client_id": "probe", "client_secret": "probe"},
    "askGateway": {"digest": "sha256:0", "method": "GET", "path": "/v1/skills"},
    "giveGrant": {"skill": "ada/hidden", "action": "github.create_issue"},
    "approveGrants": {"skill": "ada/hidden", "version": "1.0.0", "digest": "sha256:0"},
    "addHook": {"url": "https://example.com/in", "events": ["release.published"]},
    "changeHook": {"enabled": False},
    "updateOffer": {"price": 1},
    "rejectOffer": {"reason": "because"},
    "invokeOffer": {"input": {}},
    "invokeSkill": {"input": {}},
    "claimInvocation": {"lease_s": 60},
    "renewClaim": {"lease_s": 60},
    "completeInvocation": {"output": {}},
    "failInvocation": {"code": "broken", "message": "because"},
    "postRequest": {"description": "because"},
    "rateOffer": {"stars": 5},
    "startComposition": {"offer_ids": ["skl_none"], "input": {}},
    "startRun": {"name": "ada/hidden", "script": "run.py"},
    "updateSale": {"is_for_sale": True},
    "setPrice": {"mode": "fixed_usd", "amount": "29.00"},
    "refundInvoice": {"reason": "because"},
    "setTonWallet": {"address": "UQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqEBI"},
    "setStripeAccount": {"account_id": "acct_1"},
    "requestPayout": {"amount": "25.00", "asset": "USD", "to": "credits"},
    "grantCredits": {"username": "eve", "amount": "100", "reason": "because"},
    "rejectPayout": {"reason": "because"},
    "decideCharge": {"taken": True},
    "buyCredits": {"amount": "1000"},
    "setRate": {"usd": "5.20"},
    "matchDeposit": {"rail": "ton", "reference": "x", "invoice_id": "inv_none"},
    "returnDeposit": {"rail": "ton", "reference": "x"},
    "adoptInstall": {"install_id": "3f1f8a52-6f3c-4b0e-9d5e-0a6b4c1d2e3f"},
    "createCollection": {"name": "probe"},
    "inviteMember": {"username": "eve"},
    "putIntegrationFile": {"text": "integration: probe"},
    "addIntegration": {"slug": "probe", "document": "{}"},
    "addSource": {"address": "https://example.com/a/b.git", "namespace": "ada"},
    "importSkill": {"source": "ada/hidden"},
    "askForItem": {"drive": "ada", "source": "ada/hidden"},
    "createShare": {"name": "ada/hidden"},
    "acceptShare": {"secret": "sky_share_none"},
    "previewSync": {"local": [{"slug": "hidden", "digest": "sha256:0", "name": "ada/hidden"}], "drive": "ada"},
    "beginSync": {"local": [], "install_id": "probe", "drive": "ada"},
    "diffDrive": {"local": [], "drive": "ada"},
}
REFUSES_WHAT_IT_GETS = {"redeemSignInLink", "signInWithPassword", "exchangeIdToken", "renewSession", "uploadWithTicket"}
NEEDS_READING_ONLY = {"previewSync", "beginSync", "diffDrive"}  # nothing changes but the log of one's own syncs
BOUNDARY = "probe"
FORM = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="archive"; filename="a.zip"\r\n\r\nPK\r\n--{BOUNDARY}--\r\n'
)
RUN_FORM = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="run"\r\n\r\n'
    f'{{"name": "ada/hidden", "script": "run.py"}}\r\n--{BOUNDARY}--\r\n'
)


def ask(site: Entrance, operation: str, method: str, path: str, token: str | None) -> Answer:
    """Send a request that is valid in all but its rights."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = orjson.dumps(BODIES.get(operation, {}))
    headers["content-type"] = "application/json"
    if operation == "startRunWithFiles":
        headers["content-type"] = f"multipart/form-data; boundary={BOUNDARY}"
        body = RUN_FORM.encode()
    if operation in ("publishRelease", "uploadInSync"):
        headers["content-type"] = f"multipart/form-data; boundary={BOUNDARY}"
        body = FORM.encode()
    return call(site, method, path, headers=headers, chunks=[body if method in WRITES else b""])


@pytest.mark.parametrize(("operation", "method", "path"), routes(), ids=lambda value: str(value))
def test_nobody_gets_through_a_closed_route(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    answer = ask(site, operation, method, path, None)
    if operation in OPEN:
        assert answer.status != 401 or operation in REFUSES_WHAT_IT_GETS
    else:
        assert answer.status == 401, f"{operation} is not in open_routes.txt: {answer.body[:300]!r}"


@pytest.mark.parametrize(("operation", "method", "path"), routes(), ids=lambda value: str(value))
def test_a_stranger_sees_no_private_skill_and_changes_nothing(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    if operation == "logout":
        return
    answer = ask(site, operation, method, path, tokens["stranger"])
    assert b"hidden" not in answer.body.replace(path.encode(), b"").replace(b"ada/hidden", b"") or answer.status >= 400
    if "/ada" in path:
        assert answer.status in (403, 404), f"{operation}: {answer.status} {answer.body[:300]!r}"


@pytest.mark.parametrize(("operation", "method", "path"), routes(), ids=lambda value: str(value))
def test_a_token_that_may_only_read_writes_nothing(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    if method in WRITES and operation not in OPEN | NEEDS_READING_ONLY and operation != "logout":
        answer = ask(site, operation, method, path, tokens["reader"])
        assert answer.status in (403, 404), f"{operation}: {answer.status} {answer.body[:300]!r}"


def test_the_list_of_open_routes_names_existing_ones(app: App) -> None:
    document = build_native(app).openapi()
    known = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert known >= OPEN


def test_every_operation_has_a_summary_an_id_and_its_refusals(app: App) -> None:
    document = build_native(app).openapi()
    ids = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            ids.append(operation["operationId"])
            assert operation.get("summary"), f"{method} {path}"
            assert operation.get("description"), f"{method} {path}"
            assert {"401", "404", "422", "429", "500", "503"} <= set(operation["responses"]), f"{method} {path}"
    assert len(ids) == len(set(ids))
