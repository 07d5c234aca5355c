"""Two servers and a worker on PostgreSQL and S3, one of them killed: the others go on, and see what it did."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.errors import ApiError
from skillyard.sdk.package import read_package, write_package
from tests.journeys.running import User, a_server, a_skill, a_worker, sign_in

WITHIN_S = 1.0


def test_nodes_share_everything_and_survive_each_other(
    tmp_path: Path, postgres_url: str, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
    shared = {"database_url": postgres_url, "blobs_url": s3_url}
    with (
        a_server(tmp_path / "one", worker=False, **shared) as one,
        a_server(tmp_path / "two", worker=False, **shared) as two,
        a_worker(tmp_path / "three", **shared) as worker,
    ):
        first = sign_in(one, tmp_path / "home", "ada")
        first.run("publish", str(a_skill(tmp_path / "skills" / "base", "base")))
        needs_base = a_skill(tmp_path / "skills" / "app", "app", dependencies="ada/base@^1.0.0")
        first.run("publish", str(needs_base), "--two-phase")
        second = at_the_other_node(first, two.url)
        with Client(two.url, token_of(first)) as client:
            within(lambda: client.search("base")["total"] >= 1)
            old = client.skill("ada/app")
            first.run("publish", str(a_skill(tmp_path / "skills" / "app2", "app", "1.1.0")))
            within(lambda: client.skill("ada/app")["latest_version"] == "1.1.0")
            assert old["latest_version"] == "1.0.0"
        one.kill()
        second.run("install", "ada/app@1.0.0", "--agent", "agents", "--yes")
        assert (second.project / ".agents/skills/base/SKILL.md").is_file()
        second.run("verify")
        second.run("publish", str(a_skill(tmp_path / "skills" / "late", "late")))
        assert worker.poll() is None
    with a_server(tmp_path / "one", **shared) as again, Client(again.url, token_of(first)) as client:
        assert again.link is None, "there is an account already"
        within(lambda: client.search("")["total"] == 3, seconds=5)
        assert {item["name"] for item in client.search("")["items"]} == {"ada/app", "ada/base", "ada/late"}


def test_the_same_version_at_two_nodes_at_once_is_published_once(
    tmp_path: Path, postgres_url: str, s3_url: str
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    shared = {"database_url": postgres_url, "blobs_url": s3_url}
    with a_server(tmp_path / "one", **shared) as one, a_server(tmp_path / "two", **shared) as two:
        user = sign_in(one, tmp_path / "home", "ada")
        token = token_of(user)

        def publish(number: int) -> str:
            text = f"edition {number}"
            folder = a_skill(tmp_path / f"skill-{number}", "same", text=text)
            archive = write_package(read_package(folder), tmp_path / f"{number}.zip")
            with Client((one.url, two.url)[number % 2], token) as client:
                try:
                    return str(client.publish("ada/same", archive)["release"]["digest"])
                except ApiError as error:
                    return error.code

        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(publish, range(6)))
        published = [answer for answer in answers if answer.startswith("sha256:")]
        assert len(published) == 1
        assert answers.count("release_exists") == 5
        with Client(two.url, token) as client:
            assert [release["digest"] for release in client.releases("ada/same")] == published


def at_the_other_node(user: User, url: str) -> User:
    """The same person with a token, at another node."""
    other = User(home=user.home.parent / "other", registry=url)
    other.run("login", url, "--token", stdin=f"{token_of(user)}\n")
    return other


def token_of(user: User) -> str:
    import json

    config: dict[str, Any] = json.loads((user.home / "config" / "config.json").read_text())
    return str(next(iter(config["logins"].values()))["token"])


def within(true: Callable[[], bool], seconds: float = WITHIN_S) -> None:
    """What one node wrote, the other shows within a second."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
