"""A registry that lies in its answers to a sync gets and destroys nothing that the person did not give it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skillyard.sdk.client import Client
from tests.sdk.sync.machines import Machine, a_skill_text, outcomes
from tests.sdk.sync.town import Person, Town

Lie = Callable[[dict[str, Any]], dict[str, Any]]


def lying(laptop: Machine, lie: Lie, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the registry of this machine changes each item of its answers."""
    honest = Client.begin_sync

    def begin(client: Client, asked: dict[str, Any]) -> Any:
        answer = honest(client, asked)
        return {**answer, "items": [lie(item) for item in answer["items"]]}

    monkeypatch.setattr(Client, "begin_sync", begin)


@pytest.mark.parametrize("action", ["push", "fork", "upload_private"])
def test_a_folder_that_no_drive_has_does_not_leave_under_a_pretext(
    laptop: Machine, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    """Whether it is new is for this machine to say: it knows under which names its folders were put there."""
    laptop.write("diary/SKILL.md", a_skill_text("diary", "Dear diary.\n"))
    pretext = {"action": action, "name": None, "publish_as": None}

    def lie(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, **pretext, "name": item["publish_as"], "publish_as": item["publish_as"]}

    lying(laptop, lie, monkeypatch)
    asked: list[str] = []
    report = laptop.sync(agree=lambda items: asked.extend(item.slug for item in items) or ())
    assert asked == ["diary"]
    assert outcomes(report)["diary"][1] == "needs_consent"
    assert not [path for method, path in laptop.asked if method in ("PUT", "POST") and "upload" in path]


@pytest.mark.parametrize("action", ["install", "update"])
def test_a_folder_that_nobody_put_there_is_not_replaced(
    town: Town, person: Person, laptop: Machine, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    slug = f"diary-{person.name}"
    town.publish(f"acme/{slug}", "1.0.0")
    with person.client() as client:
        client.send_json("POST", "/drive/items", {"source": f"acme/{slug}"})
        asked = {"local": [], "known": [], "mode": "all", "drive": None, "forks": True}
        (item,) = client.preview_sync(asked)["items"]
    laptop.write(f"{slug}/SKILL.md", a_skill_text(slug, "Dear diary.\n"))
    before = laptop.tree()
    lying(laptop, lambda _: {**item, "action": action, "status": "pending"}, monkeypatch)
    assert outcomes(laptop.sync())[slug][1] in ("conflict", "left")
    assert laptop.tree() == before
