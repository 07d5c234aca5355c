"""What a caller may not see does not exist for them, whichever way they ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from skillyard.app import App
from skillyard.domain.accounts.members import set_member
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.rights import Role
from skillyard.domain.registry import changes, download, files, releases, resolve, search, skill
from skillyard.domain.registry.errors import BlobNotFound, NotYours, SkillNotFound
from skillyard.domain.registry.model import Release, Visibility
from skillyard.domain.registry.visibility import set_visibility
from skillyard.infra.errors import NotFound
from skillyard.skill.names import SkillName
from tests.makers import a_release, again, an_organization, indexed

HIDDEN = SkillName("acme", "hidden")

READS: dict[str, Callable[[App, Caller], object]] = {
    "skill": lambda app, caller: skill.get_skill(app, caller, name=HIDDEN),
    "release": lambda app, caller: releases.get_release(app, caller, name=HIDDEN, version="1.0.0"),
    "channel": lambda app, caller: releases.get_release(app, caller, name=HIDDEN, version="latest"),
    "releases": lambda app, caller: releases.list_releases(app, caller, name=HIDDEN),
    "files": lambda app, caller: files.list_files(app, caller, name=HIDDEN, version="1.0.0"),
    "file": lambda app, caller: files.get_file(app, caller, name=HIDDEN, version="1.0.0", path="SKILL.md"),
    "archive": lambda app, caller: download.find_archive(app, caller, name=HIDDEN, version="1.0.0"),
    "resolve": lambda app, caller: resolve.resolve_closure(
        app, caller, requirements={"acme/hidden": "*"}, locked={"acme/hidden": "1.0.0"}
    ),
}


@pytest.fixture
def owner(app: App, ada: Caller) -> Caller:
    return an_organization(app, ada, "acme")


@pytest.fixture
def hidden(app: App, owner: Caller) -> Release:
    return a_release(app, owner, "acme/hidden", visibility="private")


@pytest.mark.parametrize("read", READS)
def test_a_private_skill_does_not_exist_for_others(
    app: App, owner: Caller, eve: Caller, hidden: Release, read: str
) -> None:
    for caller in (ANONYMOUS, eve):
        with pytest.raises(NotFound) as private:
            READS[read](app, caller)
        assert isinstance(private.value, SkillNotFound)
        assert "private" not in str(private.value.facts)
    assert READS[read](app, owner)
    set_member(app, owner, namespace="acme", username="eve", role=Role.READER)
    assert READS[read](app, again(app, eve))


def test_lists_leave_private_skills_out(app: App, owner: Caller, eve: Caller, hidden: Release) -> None:
    indexed(app)
    for caller, seen in ((ANONYMOUS, 0), (eve, 0), (owner, 1)):
        assert search.search(app, caller, text="hidden").total == seen
        assert len(changes.list_changes(app, caller).items) == seen
        assert search.suggest(app, caller, "acme/hiden") == ["acme/hidden"] * seen


def test_its_archive_is_under_no_public_address(app: App, owner: Caller, hidden: Release) -> None:
    with pytest.raises(BlobNotFound):
        download.find_open_archive(app, sha256=hidden.archive.sha256)
    set_visibility(app, owner, name=HIDDEN, visibility=Visibility.UNLISTED)
    assert download.find_open_archive(app, sha256=hidden.archive.sha256).name == "acme/hidden"


def test_an_unlisted_skill_is_read_by_name_and_found_by_members_only(app: App, owner: Caller, hidden: Release) -> None:
    set_visibility(app, owner, name=HIDDEN, visibility=Visibility.UNLISTED)
    indexed(app)
    for read in READS.values():
        assert read(app, ANONYMOUS)
    assert search.search(app, ANONYMOUS, text="hidden").items == ()
    assert changes.list_changes(app, ANONYMOUS).items == ()
    assert search.search(app, owner, text="hidden").total == 1


def test_a_skill_that_turns_private_is_gone_at_once_even_where_the_index_lags(app: App, owner: Caller) -> None:
    a_release(app, owner, "acme/hidden")
    indexed(app)
    set_visibility(app, owner, name=HIDDEN, visibility=Visibility.PRIVATE)
    assert search.search(app, ANONYMOUS, text="hidden").items == ()
    assert changes.list_changes(app, ANONYMOUS).items == ()


def test_only_members_change_who_sees_a_skill(app: App, owner: Caller, eve: Caller) -> None:
    a_release(app, owner, "acme/hidden")
    with pytest.raises(NotYours):
        set_visibility(app, eve, name=HIDDEN, visibility=Visibility.PRIVATE)
    assert set_visibility(app, owner, name=HIDDEN, visibility=Visibility.PRIVATE).skill.visibility == "private"
    with pytest.raises(SkillNotFound):
        set_visibility(app, eve, name=HIDDEN, visibility=Visibility.PUBLIC)
