from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.rights import Role, Scope
from skillyard.domain.registry import rules
from skillyard.domain.registry.errors import BadChannel, SkillRefused, TextNotAcceptable, UnknownAgent
from skillyard.domain.registry.model import Standing, Visibility, Wish
from skillyard.domain.registry.rules import Surroundings
from skillyard.skill.manifest import Manifest
from skillyard.skill.names import SkillName
from skillyard.skill.versions import Version

PDF = SkillName("acme", "pdf")
WISH = Wish(name=PDF)
MANIFEST = Manifest(name="pdf", description="Reads PDF files.", version="1.0.0")

identifiers = st.one_of(st.integers(0, 10**20).map(str), st.from_regex(r"[a-zA-Z-][0-9a-zA-Z-]{0,8}", fullmatch=True))
versions = st.builds(
    lambda numbers, pre: ".".join(map(str, numbers)) + ("-" + ".".join(pre) if pre else ""),
    st.lists(st.integers(0, 2**53 - 1), min_size=3, max_size=3),
    st.lists(identifiers, max_size=4),
)


def codes(wish: Wish = WISH, manifest: Manifest = MANIFEST, around: Surroundings | None = None) -> list[str]:
    return [fault.code for fault in rules.check_release(wish, manifest, around or Surroundings())]


def standing(version: str, channel: str = "latest", *, yanked: bool = False) -> Standing:
    return Standing(version=version, channel=channel, is_offered=not yanked)


@given(versions, versions)
def test_the_order_key_sorts_as_versions_do(one: str, other: str) -> None:
    by_key = rules.order_key(one) < rules.order_key(other)
    assert by_key == (Version.parse(one) < Version.parse(other))


def test_the_order_key_follows_the_specifications_own_example() -> None:
    text = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 2.0.0"
    in_order = text.split()
    shuffled = random.Random(1).sample(in_order, k=len(in_order))
    assert sorted(shuffled, key=rules.order_key) == in_order


def test_a_release_without_fault_has_none() -> None:
    assert codes() == []


def test_all_faults_come_at_once() -> None:
    manifest = replace(
        MANIFEST, name="pdfs", version="1.0.0+build", description="a\ud800", dependencies={"acme/pdf": "*"}
    )
    wish = Wish(name=PDF, version="2.0.0", visibility=Visibility.PRIVATE)
    assert codes(wish, manifest, Surroundings(visibility=Visibility.PUBLIC)) == [
        "name_differs", "contradiction", "build_metadata", "visibility_differs", "bad_text", "depends_on_itself",
    ]  # fmt: skip


def test_a_version_is_named_by_the_skill_or_by_the_publisher() -> None:
    nameless = replace(MANIFEST, version=None)
    assert codes(WISH, nameless) == ["version_missing"]
    assert rules.decide_version(replace(WISH, version="v1.2.0"), nameless) == "1.2.0"
    assert codes(replace(WISH, version="1.0.0")) == []


def test_a_readme_has_a_limit() -> None:
    assert codes(manifest=replace(MANIFEST, body="x" * (rules.MAX_README_BYTES + 1))) == ["too_long"]


def test_missing_dependencies_and_lookalikes_only_warn() -> None:
    around = Surroundings(lookalikes=("acme/pdfs",), missing=("acme/gone",), hidden=("acme/secret",))
    faults = rules.check_release(WISH, MANIFEST, around)
    assert [(fault.code, fault.severity) for fault in faults] == [
        ("dependency_missing", "warning"),
        ("dependency_private", "warning"),
        ("looks_alike", "warning"),
    ]
    rules.refuse(PDF, faults)


def test_a_private_skill_may_need_private_ones() -> None:
    around = Surroundings(visibility=Visibility.PRIVATE, hidden=("acme/secret",))
    assert codes(around=around) == []


def test_a_refusal_names_every_fault() -> None:
    with pytest.raises(SkillRefused) as refused:
        rules.refuse(PDF, rules.check_wish(Wish(name=SkillName("Acme", "-"), channel="^1", version="one")))
    assert {fault["code"] for fault in refused.value.faults} == {"bad_name", "bad_channel", "bad_version"}
    assert refused.value.facts["count"] == len(refused.value.faults)


@pytest.mark.parametrize("channel", ["latest", "next", "beta-2", "stable"])
def test_a_channel_is_a_word(channel: str) -> None:
    rules.check_channel(channel)


@pytest.mark.parametrize("channel", ["", "1", "x", "v2", "1.0.0", "Next", "a b", "^1", "x" * 65, "*"])
def test_a_channel_is_nothing_that_reads_as_a_range(channel: str) -> None:
    with pytest.raises(BadChannel):
        rules.check_channel(channel)


def test_latest_is_the_highest_stable_version_else_the_highest() -> None:
    assert rules.decide_highest("latest", ["1.0.0", "2.0.0-rc.1", "1.10.0", "1.9.0"]) == "1.10.0"
    assert rules.decide_highest("latest", ["1.0.0-rc.1", "1.0.0-rc.2"]) == "1.0.0-rc.2"
    assert rules.decide_highest("next", ["1.0.0", "2.0.0-rc.1"]) == "2.0.0-rc.1"
    assert rules.decide_highest("latest", []) is None


def test_a_first_release_on_another_channel_is_the_latest_too() -> None:
    assert rules.channels_with({}, standing("1.0.0-rc.1", "next")) == {"latest": "1.0.0-rc.1", "next": "1.0.0-rc.1"}


def test_publishing_moves_its_own_channel_forward_only() -> None:
    before = {"latest": "1.5.0", "next": "2.0.0-rc.2"}
    assert rules.channels_with(before, standing("1.4.9")) == before
    assert rules.channels_with(before, standing("1.6.0")) == {**before, "latest": "1.6.0"}
    assert rules.channels_with(before, standing("2.0.0-rc.1", "next")) == before
    assert rules.channels_with(before, standing("2.0.0", "next")) == {**before, "next": "2.0.0"}


def test_yanking_lets_channels_fall_back_to_what_was_published_to_them() -> None:
    known = [standing("1.0.0"), standing("1.1.0", yanked=True), standing("1.2.0"), standing("2.0.0-rc.1", "next")]
    before = {"latest": "1.2.0", "next": "2.0.0-rc.1", "stable": "1.2.0"}
    assert rules.channels_without(before, "1.2.0", known) == {"latest": "1.0.0", "next": "2.0.0-rc.1"}


def test_latest_falls_back_to_another_channel_before_it_is_gone() -> None:
    known = [standing("1.0.0"), standing("2.0.0-rc.1", "next")]
    assert rules.channels_without({"latest": "1.0.0"}, "1.0.0", known) == {"latest": "2.0.0-rc.1"}
    assert rules.channels_without({"latest": "1.0.0"}, "1.0.0", known[:1]) == {}


@pytest.mark.parametrize("text", ["", "   ", "x" * 501, "bell\x07", "nul\x00"])
def test_a_text_is_something_that_people_can_read(text: str) -> None:
    with pytest.raises(TextNotAcceptable):
        rules.check_text(text, what="reason")
    assert rules.check_text(" two\nlines ", what="reason") == "two\nlines"


def test_agents_are_those_that_compatibility_names() -> None:
    assert rules.decide_agents("Claude Code or Codex, with Python 3.11") == ("claude-code", "codex")
    assert rules.decide_agents("Needs git") == rules.decide_agents(None) == tuple(rules.AGENTS)
    with pytest.raises(UnknownAgent):
        rules.check_agent("clippy")


def test_who_sees_what() -> None:
    member = Caller(user_id="u", username="ada", scopes=frozenset({Scope.READ}), roles={"acme": Role.READER})
    unable = replace(member, scopes=frozenset({Scope.PUBLISH}))
    for caller, sees in ((ANONYMOUS, False), (member, True), (unable, False)):
        assert rules.may_see(caller, "acme", Visibility.PRIVATE) is sees
        assert rules.may_see(caller, "acme", Visibility.UNLISTED)
