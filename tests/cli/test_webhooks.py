"""`skillyard webhooks`, on a server whose worker delivers while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from standardwebhooks import Webhook

from tests.domain.notices.receiver import a_receiver
from tests.journeys.running import User, a_server

PATIENCE_S = 60.0


def test_a_release_reaches_the_receiver_within_moments(tmp_path: Path) -> None:
    with a_receiver() as receiver, a_server(tmp_path / "server", outbound_http_loopback="1") as server:
        ada = User(home=tmp_path / "ada", registry=server.url)
        ada.run("login", "--link", str(server.link), "--username", "ada")
        made = ada.data("webhooks", "add", f"{receiver.url}/in", "release.*", "scan.finished")
        hook_id = made["details"]["id"]
        ada.run("init", "notes")
        receiver.orders = ["lose_answer"]
        ada.run("publish", "notes")
        _until(lambda: len({message.id for message in receiver.messages}) == 2)
        _until(lambda: {one["status"] for one in ada.data("webhooks", "deliveries", hook_id)} == {"delivered"})
        for message in receiver.messages:
            assert Webhook(made["secret"]).verify(message.body, message.headers)["id"] == message.id
        assert set(receiver.events) == {"release.published", "scan.finished"}
        listed = ada.run("webhooks", "list").stdout
        assert f"{hook_id}\t{receiver.url}/in\trelease.*, scan.finished\tenabled\tdelivered" in listed
        delivery_id, before = receiver.of("release.published")[0].id, len(receiver.messages)
        ada.run("webhooks", "resend", hook_id, delivery_id)
        _until(lambda: len(receiver.messages) > before)
        assert receiver.messages[-1].id == delivery_id
        receiver.orders = ["refuse"]
        assert "it answered 503" in ada.run("webhooks", "test", hook_id, expect=1).stdout
        changed = ada.data("webhooks", "change", hook_id, "credits.threshold_hit", "--threshold", "20")
        assert (changed["events"], changed["threshold_value"]) == (["credits.threshold_hit"], 20)
        assert "disabled" in ada.run("webhooks", "disable", hook_id).stdout
        ada.run("webhooks", "remove", hook_id)
        assert "1 to 50 events" in ada.run("webhooks", "add", receiver.url, expect=1).stderr
        assert made["secret"] not in listed


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)
