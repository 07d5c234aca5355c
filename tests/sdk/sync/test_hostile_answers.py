"""What a registry answers, and what stands in our own notes, is read as if a stranger had written it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillyard.sdk.errors import SdkError
from skillyard.sdk.project import Project
from skillyard.sdk.sync.answers import read_answer, read_uploaded
from skillyard.sdk.sync.conflicts import find_waiting, list_waiting, settle
from skillyard.sdk.sync.memory import Memory, OpenRun, read_memory, read_open_run, write_open_run
from skillyard.sdk.sync.undo import undo
from skillyard.sdk.sync.undo_record import read_undo

DIGEST = f"sha256:{'5e' * 32}"
ARCHIVE = {"url": "https://x.example/a", "sha256": "a" * 64, "sha512": f"sha512-{'A' * 86}==", "size_bytes": 9}
TARGET: dict[str, Any] = {"name": "acme/pdf", "version": "1.0.0", "digest": DIGEST, "archive": ARCHIVE}
ITEM: dict[str, Any] = {
    "slug": "pdf", "action": "install", "reason": "Why not.", "name": "acme/pdf", "drive": "ada", "credits": 0,
    "target": TARGET, "base": None, "publish_as": None,
}  # fmt: skip


def answer(**changes: Any) -> dict[str, Any]:
    return {"id": "syn_1", "items": [{**ITEM, **changes}], "left_out": []}


def test_an_honest_answer_is_read() -> None:
    (item,) = read_answer(answer()).items
    assert (item.slug, item.target and item.target.version) == ("pdf", "1.0.0")


@pytest.mark.parametrize(
    "document",
    [
        answer(slug="../../precious"),
        answer(slug="../../precious", action="in_sync"),
        answer(slug=".."),
        answer(slug="/etc"),
        answer(slug="other"),
        answer(action="format_disk"),
        answer(target=None),
        answer(name="pdf"),
        answer(publish_as="../x"),
        answer(target={**TARGET, "digest": "sha256:1"}),
        answer(target={**TARGET, "version": "../1"}),
        answer(target={**TARGET, "archive": {**ARCHIVE, "sha256": "../../x"}}),
        {"items": [], "left_out": [], "id": "../x"},
        {"items": 5, "left_out": []},
        {"left_out": []},
        [],
        None,
    ],
)
def test_an_answer_that_leads_elsewhere_is_refused(document: Any) -> None:
    with pytest.raises(SdkError) as refused:
        read_answer(document)
    assert refused.value.code == "bad_answer"


@pytest.mark.parametrize("changes", [{"name": "x"}, {"version": ""}, {"digest": None}, {"credits_charged": "free"}])
def test_a_bad_answer_to_an_upload_is_refused(changes: dict[str, Any]) -> None:
    honest = {"name": "ada/pdf", "version": "0.1.0", "digest": DIGEST, "credits_charged": 0}
    assert read_uploaded(honest).version == "0.1.0"
    with pytest.raises(SdkError):
        read_uploaded({**honest, **changes})


@pytest.fixture
def user(tmp_path: Path, own_home: Path) -> Project:
    project = Project(scope="user", folder=tmp_path / "config", base=own_home)
    project.state_dir.mkdir(parents=True)
    return project


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"known": ["acme/pdf"]}', '{"known": {"..": "ada"}}', '{"known": {}, "undo": "../../x"}']
)
def test_a_memory_that_cannot_be_read_is_none(user: Project, text: str) -> None:
    (user.state_dir / "sync.json").write_text(text)
    assert (read_memory(user).known, read_memory(user).undo) == ({}, None)


def test_a_memory_means_nothing_to_another_person_or_registry(user: Project) -> None:
    memory = Memory(registry="https://a.example", person="ada", known={"acme/pdf": "ada"}, undo="x")
    (user.state_dir / "sync.json").write_text(memory.show())
    assert read_memory(user) == memory
    assert memory.of("https://a.example", "ada") == memory.of("https://a.example", None) == memory
    for other in (memory.of("https://a.example", "grace"), memory.of("https://b.example", "ada")):
        assert (other.known, other.undo) == ({}, "x")


def test_an_open_run_of_another_registry_is_left_alone(user: Project) -> None:
    write_open_run(user, OpenRun(id="syn_1", registry="https://a.example", results={"pdf": "committed"}))
    assert read_open_run(user, "https://b.example") is None
    kept = read_open_run(user, "https://a.example")
    assert kept is not None
    assert kept.show_results() == [{"slug": "pdf", "status": "committed"}]


@pytest.mark.parametrize("slug", ["../../home", "..", "/etc", ""])
def test_a_conflict_elsewhere_is_none(user: Project, slug: str) -> None:
    assert find_waiting(user, slug) is None
    with pytest.raises(ValueError, match="no folder of a skill"):
        settle(user, slug)
    assert user.base.is_dir()


def test_a_conflict_that_cannot_be_read_is_none(user: Project) -> None:
    (user.state_dir / "conflicts" / "pdf").mkdir(parents=True)
    (user.state_dir / "conflicts" / "pdf" / "conflict.json").write_text('{"theirs": 5}')
    assert list_waiting(user) == []


@pytest.mark.parametrize(
    "folders",
    [
        {"../../precious/skills/pdf": {"own": [], "pristine": True, "put": None}},
        {".claude/skills/pdf": {"own": ["../../x"], "pristine": True, "put": None}},
        {".claude/skills/pdf": {"own": ["/etc/passwd"], "pristine": True, "put": None}},
        {".claude/skills/pdf": {"own": 5, "pristine": True, "put": None}},
        5,
    ],
)
def test_an_undo_that_leads_elsewhere_is_none(user: Project, folders: Any) -> None:
    place = user.state_dir / "backup" / "20260101-000000-00000000"
    place.mkdir(parents=True)
    texts = dict.fromkeys(("manifest", "lock", "installed", "sync"))
    (place / "undo.json").write_text(json.dumps({"version": 1, "folders": folders, "texts": texts}))
    assert read_undo(user, place.name) is None
    (user.state_dir / "sync.json").write_text(Memory(undo=place.name).show())
    with pytest.raises(SdkError) as refused:
        undo(user)
    assert refused.value.code == "nothing_to_undo"
