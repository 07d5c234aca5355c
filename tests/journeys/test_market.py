"""The market as people use it: a real server with its sandbox, the real command line, and Stripe played by a peer.

Ada provides a sealed skill, Cara works off an open one on her own machine, Grace buys credits and invokes both.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import build
from skillyard.domain.payments import ledger
from skillyard.settings import Settings
from tests.docs.test_executable_skills_guide import EXECUTABLE
from tests.journeys.running import Server, User, a_server, a_skill, sign_in
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.server import serving

SECRET = "whsec_market"
COUNTED = {
    "type": "object",
    "properties": {"words": {"type": "integer"}, "minutes": {"type": "number"}},
    "required": ["words", "minutes"],
}
PLAN = {"type": "object", "properties": {"plan": {"type": "string"}}, "required": ["plan"]}
TEXT = {"type": "object", "properties": {"text": {"type": "string", "maxLength": 1000}}, "required": ["text"]}
PLANNER = """
import json, sys
given = json.load(sys.stdin)
print(json.dumps({"plan": f"{given['words']} words: begin {given['minutes']:.1f} minutes before the end."}))
"""


@dataclass(frozen=True)
class Market:
    server: Server
    data: Path
    ada: User
    stripe: Peer

    def person(self, name: str, home: Path) -> User:
        """Somebody whom Ada invites."""
        link = self.ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
        user = User(home=home, registry=self.server.url)
        user.run("login", "--link", link, "--username", name)
        return user

    def check_books(self) -> None:
        app = build(Settings(data_dir=self.data))
        with app.database.reading() as tx:
            assert ledger.examine(tx) == []
        app.close()


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    with serving(peer := Peer()):
        settings = {
            "stripe_secret_key": "sk_test_peer",
            "stripe_webhook_secrets": SECRET,
            "stripe_api_url": peer.url,
            "outbound_http_loopback": "true",
        }
        with a_server(tmp_path / "data", **settings) as server:
            peer.add_endpoint(f"{server.url}/api/v1/webhooks/stripe", SECRET)
            yield Market(server, tmp_path / "data", sign_in(server, tmp_path / "ada", "ada"), peer)


def test_a_sealed_paid_skill_is_published_bought_invoked_refunded_and_composed(market: Market, tmp_path: Path) -> None:
    ada, stripe = market.ada, market.stripe
    grace, cara = market.person("grace", tmp_path / "grace"), market.person("cara", tmp_path / "cara")
    shutil.copytree(EXECUTABLE / "word-count", ada.home / "word-count")
    ada.run("publish", str(ada.home / "word-count"))

    poor = grace.data("invoke", "ada/word-count", "text=one two", "--yes", expect=1)["error"]
    assert (poor["code"], poor["facts"]["price"]) == ("not_enough_credits", 5)
    ordered = grace.data("credits", "buy", "500", "--with", "stripe", "--yes")
    invoice = ordered.get("invoice", ordered)
    stripe.pay(invoice["pay_to"]["checkout_url"].rpartition("/")[2])
    grace.run("invoice", invoice["id"], "--wait")
    assert available(grace) == 500

    counted = grace.run("invoke", "ada/word-count", "text=Ladies and gentlemen", "--yes")
    assert json.loads(counted.stdout) == {"words": 3, "minutes": 0.0}
    assert available(grace) == 495
    done = grace.data("invocations")[0]
    check_receipt(grace, done, tmp_path)
    sealed_means_sealed(grace, done)

    failed = grace.data("invoke", "ada/word-count", "text= ", "--yes", expect=1)
    assert failed["error"] == {"code": "step_failed", "message": "count: The text has no words."}
    assert available(grace) == 495
    assert [row["price"] for row in ada.data("sales")] == ["0.05"]

    wanted = grace.data(
        "wanted", "post", "Tell me when to begin a talk.", "--input", json.dumps(TEXT), "--output", json.dumps(PLAN)
    )
    assert grace.data("wanted", "suggest", wanted["id"])["items"] == []
    planner = a_skill(cara.home / "plan", "plan")
    fields = {"input_schema": COUNTED, "output_schema": PLAN, "price": 7}
    (planner / "executable.json").write_text(json.dumps(fields))
    cara.run("publish", str(planner))
    suggested = grace.data("wanted", "suggest", wanted["id"])["items"][0]
    assert [hop["offer"]["name"] for hop in suggested["hops"]] == ["ada/word-count", "cara/plan"]
    with working(cara, "cara/plan", PLANNER):
        composed = grace.run("compositions", "run", "--wanted", wanted["id"], "--field", "text=a b c d", "--yes")
    assert json.loads(composed.stdout) == {"plan": "4 words: begin 0.0 minutes before the end."}
    assert available(grace) == 495 - 5 - 7
    assert [one["price"] for one in cara.data("sales")] == ["0.07"]
    market.check_books()


def available(user: User) -> int:
    return int(user.data("credits")["available"])


def check_receipt(buyer: User, done: dict[str, Any], folder: Path) -> None:
    """It holds without the registry, and not after a stroke of the pen."""
    receipt = folder / "receipt.txt"
    receipt.write_text(buyer.run("invocations", "receipt", done["id"]).stdout)
    buyer.run("log", "verify")
    buyer.run("receipt", "verify", str(receipt))
    assert done["digest"] in receipt.read_text()
    receipt.write_text(receipt.read_text().replace('"charged_credits":5', '"charged_credits":4'))
    buyer.run("receipt", "verify", str(receipt), expect=1)


def sealed_means_sealed(buyer: User, done: dict[str, Any]) -> None:
    """Whoever paid for its work has not bought its code."""
    refused = buyer.data("install", "ada/word-count", "--agent", "claude-code", expect=1)["error"]
    assert refused["code"] == "sealed_skill"
    shown = [
        json.dumps(buyer.data("offers", "show", "ada/word-count")),
        json.dumps(buyer.data("info", "ada/word-count")),
        json.dumps(done),
    ]
    assert "skillyard invoke ada/word-count" in buyer.run("info", "ada/word-count").stdout
    assert [text for text in shown if "PACE" in text or "count.py" in text] == []
    buyer.run("run", "ada/word-count", "steps/count.py", expect=1)


@contextlib.contextmanager
def working(provider: User, offer: str, program: str) -> Iterator[None]:
    """The provider's program works off what comes, on a machine of its own."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "skillyard.cli.main", "work", offer, "--", sys.executable, "-c", program],
        cwd=provider.project, env=provider.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield
    finally:
        os.kill(worker.pid, signal.SIGINT)
        said, _ = worker.communicate(timeout=30)
    assert said.endswith("completed\n")
