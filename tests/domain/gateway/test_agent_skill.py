"""An integration as an agent skill: clean by the specification, complete, and fit to be published."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillyard.domain.gateway.catalog.agent_skill import skill_folder, skill_zip
from skillyard.domain.gateway.catalog.documents import CallPlace
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.lookup import read_shipped, shipped_slugs
from skillyard.domain.registry.model import Wish
from skillyard.domain.registry.publish import publish
from skillyard.skill.archive import open_safely, skill_files
from skillyard.skill.manifest import read_manifest
from skillyard.skill.names import SkillName
from skillyard.skill.reading import UNREADABLE
from skillyard.skill.scan.engine import scan
from skillyard.skill.scan.verdict import Verdict
from tests.domain.gateway.test_integration_file import SMALL
from tests.makers import a_person, make_app

PLACE = CallPlace(address="https://skills.example/api/v1/calls", key="SKILLYARD_TOKEN")


@pytest.mark.parametrize("slug", shipped_slugs())
def test_it_is_a_skill_without_a_fault_or_a_warning(slug: str) -> None:
    files = skill_files(skill_folder(read_shipped(slug), PLACE))
    report = read_manifest(files)
    assert report.faults == ()
    assert report.manifest is not None
    assert report.manifest.name == slug
    assert scan(files).verdict in (Verdict.PASS, Verdict.PASS_WITH_NOTES)


@pytest.mark.parametrize("slug", shipped_slugs())
def test_every_endpoint_and_parameter_is_in_it(slug: str) -> None:
    shipped = read_shipped(slug)
    folder = {path: data.decode() for path, data in skill_folder(shipped, PLACE).items()}
    for endpoint in shipped.endpoints.values():
        assert f"`{endpoint.name}`" in folder["SKILL.md"]
        text = folder[f"references/{endpoint.group}.md"].partition(f"## {endpoint.name}\n")[2].partition("\n## ")[0]
        assert all(f"* `{param.name}` (" in text for param in endpoint.params if param.fixed is None), endpoint.name


def test_a_person_publishes_it_as_it_is(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    made = skill_zip(read_shipped("github"), PLACE)
    release = publish(app, a_person(app), Wish(name=SkillName("ada", "github")), io.BytesIO(made)).release
    assert release.name == "ada/github"
    assert release.version == f"{read_shipped('github').version}.0.0"


def test_the_same_integration_gives_the_same_bytes() -> None:
    assert skill_zip(read_shipped("github"), PLACE) == skill_zip(read_shipped("github"), PLACE)
    assert "SKILL.md" in open_safely(skill_zip(read_shipped("github"), PLACE))


def test_texts_of_an_added_integration_stay_within_their_lines() -> None:
    """What stands in a description is no heading, fence or front matter of the skill."""
    spiteful = "a\n---\n# b `c` ```\nname: other"
    notes = read_integration(SMALL, file="notes.yaml", is_ours=False)
    read_note = replace(notes.endpoints["read_note"], summary=spiteful, description=spiteful)
    changed = replace(notes, description=spiteful, title=spiteful, endpoints={"read_note": read_note})
    files = skill_files(skill_folder(changed, PLACE))
    report = read_manifest(files)
    assert report.manifest is not None
    assert (report.manifest.name, report.faults) == ("notes", ())
    for path in ("SKILL.md", "references/notes.md"):
        lines = files.read(path).decode().splitlines()
        assert not [line for line in lines if line.startswith(("# b", "```\nname", "name: other"))]


def test_what_an_example_needs_is_made_up_where_none_is_given() -> None:
    notes = read_integration(SMALL, file="notes.yaml")
    text = skill_folder(notes, PLACE)["references/notes.md"].decode()
    assert '{"params": {"note": ""}}' in text
    assert '{"params": {"note": "n1", "text": "Hello"}}' in text


_TEXT = st.text(min_size=1, max_size=60).filter(lambda text: not UNREADABLE.search(text) and text.strip() == text)


@given(title=_TEXT, description=_TEXT, licence=_TEXT, summary=_TEXT)
@settings(max_examples=150, deadline=None)
def test_whatever_an_integration_says_of_itself_its_skill_is_one(
    title: str, description: str, licence: str, summary: str
) -> None:
    notes = read_integration(SMALL, file="notes.yaml", is_ours=False)
    read_note = replace(notes.endpoints["read_note"], summary=summary)
    origin = replace(notes.origin, licence=licence)
    changed = replace(notes, title=title, description=description, origin=origin, endpoints={"read_note": read_note})
    report = read_manifest(skill_files(skill_folder(changed, PLACE)))
    assert [fault for fault in report.faults if fault.severity == "error"] == []
    assert report.manifest is not None
    assert report.manifest.version == "1.0.0"


def test_a_group_may_have_any_name_and_there_may_be_hundreds() -> None:
    notes = read_integration(SMALL, file="notes.yaml", is_ours=False)
    names = ["con", "nul", "aux", *(f"g{number}" for number in range(297))]
    one = notes.endpoints["read_note"]
    endpoints = {f"read_{name}": replace(one, name=f"read_{name}", group=name) for name in names}
    files = open_safely(skill_zip(replace(notes, groups=dict.fromkeys(names, "G"), endpoints=endpoints), PLACE))
    assert len(files.entries) == 301
