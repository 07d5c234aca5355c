"""Every route of every surface is probed with a key that is for one skill of its owner's: it sees nothing else of what
they have, be it named `hidden` as here everything is, and changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from skillyard.api.entrance import Entrance
from skillyard.app import App
from skillyard.domain.accounts.agents import register_agent
from skillyard.domain.accounts.links import redeem_link
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.namespaces import create_namespace
from skillyard.domain.accounts.rights import KEY_SCOPES, Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.drive.collections import create_collection
from skillyard.domain.drive.items import add_item
from skillyard.domain.drive.shares import create_share
from skillyard.domain.gateway.vault import add_credential
from skillyard.domain.market.favorites import add_favorite
from skillyard.domain.market.follow import look_at_skill
from skillyard.domain.market.invoke import invoke
from skillyard.domain.notices.hooks import add_hook
from skillyard.domain.payments.credits import grant_credits
from skillyard.domain.registry.sale import buy, set_price, set_sale
from skillyard.domain.runs.sessions import open_session
from skillyard.domain.runs.start import start_run
from skillyard.infra.envelope import Secret
from skillyard.skill.names import SkillName
from tests.api.asgi import Answer, call
from tests.architecture import (
    test_rights,
    test_rights_skilldock,
    test_rights_skillett,
    test_rights_skillzdrive,
    test_rights_stack,
    test_rights_tank,
)
from tests.makers import a_link, a_person, a_release, again, indexed, signed_in

SURFACES = {
    "native": test_rights,
    "tank": test_rights_tank,
    "skilldock": test_rights_skilldock,
    "stack": test_rights_stack,
    "skillzdrive": test_rights_skillzdrive,
    "skillett": test_rights_skillett,
}
MAY_CHANGE = {
    # what everybody may, or what changes nothing of its owner's
    "native": test_rights.OPEN
    | {"logout", "openRunSession", "previewSync", "beginSync", "diffDrive", "createBundle", "receiveWebhook"},
    "tank": test_rights_tank.OPEN | {"logOut"},
    "skilldock": test_rights_skilldock.OPEN,
    "stack": test_rights_stack.OPEN | test_rights_stack.READS_BY_POST,
    "skillzdrive": test_rights_skillzdrive.OPEN | test_rights_skillzdrive.READS_BY_POST,
    "skillett": test_rights_skillett.OPEN,
}
FOR_CALLS = {"callIntegration", "startConnectionAttempt", "connect", "callEndpoint"}
NEEDS_AN_OPERATOR = {"receiveWebhook", "startConnectionAttempt", "connect"}  # who has set up nothing here
EXECUTABLE = {
    "input_schema": {"type": "object"},
    "output_schema": {"type": "object"},
    "price": 0,
}
SCRIPTS = {"scripts/run.py": "print('hidden')\n", "executable.json": json.dumps(EXECUTABLE)}


@dataclass(frozen=True)
class Key:
    """A key for ada/open, and the ids of what it must not see, by what stands for them in the other probes."""

    secret: str
    ids: dict[str, str]

    def fill_in(self, text: str) -> str:
        for stand_in, real in self.ids.items():
            text = text.replace(stand_in, real)
        return text


@pytest.fixture(scope="module")
def key(app: App, tokens: dict[str, str | None]) -> Key:
    """Of ada, who has much that is hidden, and so has her team."""
    assert tokens["reader"]
    ada, sal = _sign_in(app, "ada"), a_person(app, "sal")
    ids = {**_hide_own(app, ada), **_hide_work(app, ada), **_hide_bought(app, ada, sal)}
    a_release(app, ada, "ada/open", visibility="private")
    add_item(app, ada, name=SkillName("ada", "open"))
    secret = create_collection(app, ada, name="mine", skills=[SkillName("ada", "open")]).secret
    indexed(app)
    return Key(secret=secret, ids=ids)


def _sign_in(app: App, username: str) -> Caller:
    return signed_in(app, redeem_link(app, code=a_link(app, username)))


def _hide_own(app: App, ada: Caller) -> dict[str, str]:
    create_namespace(app, ada, slug="hidden-team", display_name="hidden")
    ada = again(app, ada)
    add_item(app, ada, name=SkillName("ada", "hidden"))
    share = create_share(app, ada, name=SkillName("ada", "hidden"))
    create_collection(app, ada, name="hidden", skills=[SkillName("ada", "hidden")])
    hook = add_hook(app, ada, url="https://9.9.9.9/hidden", events=["release.published"])
    return {
        "tok_none": create_token(app, ada, name="hidden", scopes=[Scope.READ]).token.id,
        "cred_none": add_credential(app, ada, provider="hidden", secret=Secret("a secret key"), label="hidden").id,
        "agt_none": register_agent(app, ada, name="hidden").id,
        "shr_none": share.share.id,
        "hook_none": hook.hook.id,
        "/collections/probe": "/collections/hidden",
    }


def _hide_work(app: App, ada: Caller) -> dict[str, str]:
    name = SkillName("ada", "hidden-offer")
    a_release(app, ada, str(name), visibility="private", files=SCRIPTS)
    offer = look_at_skill(app, name)
    assert offer is not None
    session = open_session(app, ada)
    run = start_run(app, ada, name=name, script="run.py", arguments=["hidden"], session_id=session.id)
    asked = invoke(app, ada, offer_id=offer.id, input={"what": "hidden"})
    add_favorite(app, ada, offer_id=offer.id)
    return {"run_none": run.id, "cli_none": session.id, "skl_none": offer.id, "sinv_none": asked.id}


def _hide_bought(app: App, ada: Caller, sal: Caller) -> dict[str, str]:
    name = SkillName("sal", "paid")
    a_release(app, sal, str(name), visibility="private", description="What is hidden in it. Use it in tests.")
    set_sale(app, sal, name=name, is_for_sale=True)
    set_price(app, sal, name=name, mode="fixed_usd", amount="1.00")
    grant_credits(app, ada, username="ada", amount="1000", reason="hidden")
    purchase = buy(app, ada, name=name, rail="credits")
    add_item(app, ada, name=name)
    return {"inv_none": purchase.invoice.id}


def probes() -> list[tuple[str, str, str, str]]:
    return [(surface, *route) for surface, probe in SURFACES.items() for route in probe.routes()]


@pytest.mark.parametrize(("surface", "operation", "method", "path"), probes())
def test_a_key_for_one_skill_sees_and_changes_nothing_else(
    site: Entrance, key: Key, surface: str, operation: str, method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = _ask(site, key, surface, operation, method, path, monkeypatch)
    if answer.status < 400:
        assert not _seen(answer, key.fill_in(_named(path))), f"{operation}: {answer.body[:500]!r}"
        assert method == "GET" or operation in MAY_CHANGE[surface], f"{operation}: {answer.body[:300]!r}"


@pytest.fixture(scope="module")
def call_key(app: App, key: Key) -> Key:
    """Of the same person, for integrations."""
    secret = create_token(app, _sign_in(app, "ada"), name="agent", scopes=KEY_SCOPES).secret
    return Key(secret=secret, ids=key.ids)


@pytest.mark.parametrize(("surface", "operation", "method", "path"), probes())
def test_a_key_for_integrations_sees_and_changes_nothing_else(
    site: Entrance, call_key: Key, surface: str, operation: str, method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = _ask(site, call_key, surface, operation, method, path, monkeypatch)
    if answer.status < 400:
        assert not _seen(answer, call_key.fill_in(_named(path))), f"{operation}: {answer.body[:500]!r}"
        assert method == "GET" or operation in MAY_CHANGE[surface] | FOR_CALLS, f"{operation}: {answer.body[:300]!r}"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/skills/ada/open",
        "/api/v1/skills/ada/open/releases/1.0.0/archive?format=zip",
        "/tank/api/v1/skills/@ada/open",
        "/skilldock/v1/skills/ada/open",
        "/skillzdrive/api/v1/skills/ada--open",
    ],
)
def test_a_key_reads_the_private_skill_that_it_is_for_on_every_surface(site: Entrance, key: Key, path: str) -> None:
    answer = call(site, "GET", path, headers=_bearer(key))
    assert answer.status == 200, answer.body[:300]
    assert call(site, "GET", path).status == 404
    assert call(site, "GET", path.replace("open", "hidden"), headers=_bearer(key)).status == 404


@pytest.mark.parametrize("path", ["/", "/account", "/skills/ada/hidden", "/skills/ada/open", "/drive", "/search?q=ada"])
def test_a_key_is_nobody_to_the_web_pages(site: Entrance, key: Key, path: str) -> None:
    headers = {**_bearer(key), "cookie": f"skillyard-session={key.secret}"}
    answer, of_nobody = call(site, "GET", path, headers=headers), call(site, "GET", path)
    assert answer.status == of_nobody.status
    assert not [text for text in (b"hidden-", b"ada/hidden", b"is hidden") if text in answer.body]


def _ask(
    site: Entrance, key: Key, surface: str, operation: str, method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> Answer:
    """The probe of the surface, about what there is."""
    probe = SURFACES[surface]
    bodies = json.loads(key.fill_in(json.dumps(getattr(probe, "BODIES", {}))))
    monkeypatch.setattr(probe, "BODIES", bodies)
    answer: Answer = probe.ask(site, operation, method, key.fill_in(_named(path)), key.secret)
    assert answer.status < 500 or operation in NEEDS_AN_OPERATOR, f"{operation}: {answer.body[:300]!r}"
    return answer


def _seen(answer: Answer, path: str) -> bool:
    """Whether it names anything that is hidden, other than what was asked for."""
    body = answer.body.decode(errors="replace")
    for text in sorted({path, "ada/hidden", "q=hidden"}, key=len, reverse=True):
        body = body.replace(text, "")
    return "hidden" in body


def _bearer(key: Key) -> dict[str, str]:
    return {"authorization": f"Bearer {key.secret}"}


def _named(path: str) -> str:
    """With the stand-ins of our own API where STACK's probes would put nothing that there is."""
    stand_ins = {"{skill_id}": "skl_none", "{invocation_id}": "sinv_none", "{agent_id}": "agt_none"}
    for parameter, stand_in in stand_ins.items():
        path = path.replace(parameter, stand_in)
    return path
