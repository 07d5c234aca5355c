"""A sealed skill that asks a language model, from end to end with real processes: published, keyed, paid, delivered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.journeys.running import User, a_server, a_skill, sign_in
from tests.peers.llm.server import LlmPeer, Says

KEY = "sk-bobs-0123456789abcdefghij"
PROMPT = "You are the well-kept secret of Ada's summaries. Write one sentence about what you are given, and no more."
SCRIPT = "console.log('fetched'); return {text: `${input.topic} in three chapters`};"
EXECUTABLE = {
    "input_schema": {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]},
    "output_schema": {"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]},
    "mode": "sealed",
    "credentials": {"mode": "buyer_provides", "required": [{"provider": "openai", "scopes": ["chat"]}]},
    "price": 10,
    "steps": [
        {"type": "script", "label": "fetch", "runtime": "javascript", "file": "steps/fetch.js"},
        {"type": "llm", "label": "sum", "provider": "openai", "model": "gpt-4o", "config": {"system_prompt": PROMPT}},
    ],
}


def test_a_buyer_with_a_key_gets_what_a_sealed_skill_makes_and_without_one_the_price_back(
    tmp_path: Path, llm_peer: LlmPeer
) -> None:
    llm_peer.behave = lambda asked: Says(value={"summary": f"All about {json.loads(asked.data)['input']['topic']}."})
    settings = {"llm__openai__base_url": llm_peer.openai_url, "outbound_http_loopback": "true"}
    with a_server(tmp_path / "server", **settings) as server:
        ada = sign_in(server, tmp_path / "ada", "ada")
        bob = User(home=tmp_path / "bob", registry=server.url)
        link = ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
        bob.run("login", "--link", link, "--username", "bob")
        ada.run("publish", str(a_sealed_skill(tmp_path / "sum")))
        ada.data("request", "POST", "/admin/credits", "--body",
                 '{"username": "bob", "amount": "100", "reason": "a present"}')  # fmt: skip

        without = invoked(bob)
        assert (without["status"], without["error"]["code"]) == ("failed", "credential_missing")
        bob.run("credentials", "add", "openai", stdin=KEY)
        found = invoked(bob)
        assert (found["status"], found["output"]) == ("completed", {"summary": "All about otters."})
        assert bob.data("request", "GET", "/me/credits")["available"] == "90"
        (use,) = bob.data("credentials", "uses", bob.data("credentials", "list")[0]["id"])
        assert use["why"] == found["id"]
        assert llm_peer.asked[0].key == KEY
        assert json.loads(llm_peer.asked[0].data)["steps"]["fetch"] == {"text": "otters in three chapters"}

        receipt = bob.data("request", "GET", f"/invocations/{found['id']}/receipt")
        seen = json.dumps([found, without, bob.data("request", "GET", "/me/invocations"), receipt])
        assert not [secret for secret in (KEY, "well-kept secret", "three chapters", "console.log") if secret in seen]


def a_sealed_skill(folder: Path) -> Path:
    a_skill(folder, "sum")
    (folder / "steps").mkdir()
    (folder / "steps" / "fetch.js").write_text(SCRIPT)
    (folder / "executable.json").write_text(json.dumps(EXECUTABLE))
    return folder


def invoked(bob: User) -> dict[str, Any]:
    """What became of an invocation."""
    body = json.dumps({"input": {"topic": "otters"}})
    asked = bob.data("request", "POST", "/skills/ada/sum/invocations", "--body", body)
    found: dict[str, Any] = bob.data("request", "GET", f"/invocations/{asked['id']}?wait=50")
    return found
