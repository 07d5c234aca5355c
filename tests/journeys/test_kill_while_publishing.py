"""`kill -9` of the server at many points of a publish: nothing lost, doubled, half visible or left behind."""

from __future__ import annotations

import contextlib
import hashlib
import random
import threading
import time
from pathlib import Path

import pytest

from skillyard.domain.registry.jobs import sweep_blobs
from skillyard.infra.clock import FixedClock
from skillyard.sdk.client import Client
from skillyard.sdk.errors import SdkError
from skillyard.sdk.package import read_package, write_package
from tests.journeys.running import a_server, a_skill, sign_in
from tests.makers import make_app

KILLS = 25
SLOWEST_S = 0.06
DAYS_MS = 3 * 24 * 3600 * 1000


def test_a_killed_server_has_each_release_whole_or_not_at_all(tmp_path: Path) -> None:
    chance = random.Random(7)
    data = tmp_path / "data"
    with a_server(data) as server:
        user = sign_in(server, tmp_path / "home", "ada")
        token = next(iter(_tokens(user.home)))
    answered = {}
    for number in range(KILLS):
        with a_server(data) as server:
            archive = _archive(tmp_path, f"skill-{number}")
            killer = threading.Timer(chance.uniform(0, SLOWEST_S), server.kill)
            killer.start()
            with contextlib.suppress(SdkError), Client(server.url, token, attempts=1) as client:
                answered[f"skill-{number}"] = client.publish(f"ada/skill-{number}", archive)["release"]["digest"]
            killer.join()
    with a_server(data) as server, Client(server.url, token) as client:
        found = _check_everything(client, tmp_path)
        assert answered.items() <= found.items(), "a release that was confirmed is lost"
        _publish_again(client, tmp_path, found)
    _check_no_orphans(data)


def _check_everything(client: Client, tmp_path: Path) -> dict[str, str]:
    """Whatever is visible is whole: document, list, files and archive agree."""
    found = {}
    for number in range(KILLS):
        name = f"ada/skill-{number}"
        with contextlib.suppress(SdkError):
            skill = client.skill(name)
            (release,) = client.releases(name)
            assert skill["latest"] is not None
            assert release["digest"] == skill["latest"]["digest"]
            target = tmp_path / f"download-{number}.zip"
            client.download(name, "1.0.0", target)
            assert hashlib.sha256(target.read_bytes()).hexdigest() == release["archive"]["sha256"]
            found[f"skill-{number}"] = release["digest"]
    _wait_for_search(client, len(found))
    return found


def _wait_for_search(client: Client, expected: int) -> None:
    deadline = time.monotonic() + 5
    total = -1
    while time.monotonic() < deadline and total != expected:
        total = client.search("", namespace="ada", limit=1)["total"]
        time.sleep(0.05)
    assert total == expected


def _publish_again(client: Client, tmp_path: Path, found: dict[str, str]) -> None:
    """What did not make it can be published now; what did is a conflict that says the content is the same."""
    for number in range(KILLS):
        name = f"skill-{number}"
        archive = _archive(tmp_path, name)
        if name in found:
            with pytest.raises(SdkError) as caught:
                client.publish(f"ada/{name}", archive)
            assert (caught.value.code, caught.value.facts["identical"]) == ("release_exists", True)
        else:
            client.publish(f"ada/{name}", archive)


def _check_no_orphans(data: Path) -> None:
    """After the grace period the cleaner has removed every blob that no release names, and no other."""
    clock = FixedClock(time.time_ns() // 1_000_000 + DAYS_MS)
    app = make_app(data.parent, clock=clock)
    sweep_blobs(app)
    with app.database.reading() as tx:
        named = {row["sha256"] for row in tx.all("SELECT sha256 FROM releases")}
    assert {blob.sha256 for blob in app.blobs.list()} == named
    assert len(named) == KILLS
    assert not list((data / "blobs").rglob(".partial-*"))
    app.close()


def _archive(tmp_path: Path, name: str) -> Path:
    folder = a_skill(tmp_path / "skills" / name, name, files=20)
    return write_package(read_package(folder), tmp_path / f"{name}.zip")


def _tokens(home: Path) -> list[str]:
    import json

    config = json.loads((home / "config" / "config.json").read_text())
    return [login["token"] for login in config["logins"].values()]
