from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import NamespaceNotFound, RoleTooLow, ScopeMissing
from skillyard.domain.accounts.members import set_member
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.rights import Role, Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.registry.errors import ContentIsBeingRemoved, ReleaseExists, SkillNotFound, SkillRefused
from skillyard.domain.registry.model import Verdict, Visibility, Wish
from skillyard.domain.registry.publish import publish, rehearse
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.skill import get_skill
from skillyard.domain.registry.store import removals
from skillyard.infra.errors import Unauthenticated
from skillyard.infra.events import read_after
from skillyard.skill.digest import sha256_hex, sha512_sri
from skillyard.skill.names import SkillName
from tests.makers import a_release, a_skill_archive, again, an_organization

PDF = SkillName("ada", "pdf")


def rehearsed(app: App, caller: Caller, data: bytes, **wish: Any) -> Verdict:
    return rehearse(app, caller, Wish(**{"name": PDF, **wish}), io.BytesIO(data))


def kinds(app: App) -> list[str]:
    with app.database.reading() as tx:
        return [event.kind for event in read_after(tx, 0) if event.kind.startswith(("release", "skill"))]


def test_a_release_is_what_its_archive_says(app: App, ada: Caller) -> None:
    data = a_skill_archive("pdf", "1.2.0", tags="docs", dependencies={"ada/text": "^1"}, files={"scripts/a.py": "1\n"})
    published = publish(app, ada, Wish(name=PDF), io.BytesIO(data))
    release = published.release
    assert (release.name, release.version, release.channels) == ("ada/pdf", "1.2.0", ("latest",))
    assert (release.tags, release.dependencies) == (("docs",), {"ada/text": "^1"})
    assert (release.archive.sha256, release.archive.sha512) == (sha256_hex(data), sha512_sri(data))
    assert (release.files_count, release.published_by, release.visibility) == (2, "ada", Visibility.PUBLIC)
    assert release.readme.startswith("# How to use it")
    assert [warning.code for warning in published.warnings] == ["dependency_missing"]
    assert app.blobs.read(release.archive.sha256) == data
    assert get_release(app, ANONYMOUS, name=PDF, version="1.2.0") == release


def test_one_skill_has_one_digest_in_zip_and_tar(app: App, ada: Caller) -> None:
    zipped = rehearsed(app, ada, a_skill_archive(format="zip")).draft
    tarred = rehearsed(app, ada, a_skill_archive(format="tar.gz")).draft
    assert zipped
    assert tarred
    assert zipped.digest == tarred.digest
    assert (zipped.archive.format, tarred.archive.format) == ("zip", "tar.gz")


def test_the_same_version_again_is_a_conflict_that_says_whether_it_is_the_same(app: App, ada: Caller) -> None:
    first = a_release(app, ada)
    with pytest.raises(ReleaseExists) as identical:
        a_release(app, ada)
    with pytest.raises(ReleaseExists) as other:
        a_release(app, ada, body="# Something else")
    assert identical.value.facts["identical"] is True
    assert other.value.facts["identical"] is False
    assert other.value.facts["digest"] == first.digest
    assert len(list(app.blobs.list())) == 1
    assert kinds(app) == ["release.published"]


def test_of_many_that_publish_the_same_version_at_once_one_wins(app: App, ada: Caller) -> None:
    def attempt(number: int) -> str:
        try:
            return a_release(app, ada, body=f"# Try {number}").digest
        except ReleaseExists:
            return "conflict"

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(attempt, range(8)))
    assert results.count("conflict") == 7
    winner = next(result for result in results if result != "conflict")
    assert get_release(app, ANONYMOUS, name=PDF, version="1.0.0").digest == winner
    assert kinds(app) == ["release.published"]


def test_of_many_versions_at_once_the_highest_is_latest(app: App, ada: Caller) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda minor: a_release(app, ada, version=f"1.{minor}.0"), range(12)))
    page = get_skill(app, ANONYMOUS, name=PDF)
    assert (page.channels, page.versions_count) == ({"latest": "1.11.0"}, 12)


def test_a_fault_stores_nothing_and_names_all(app: App, ada: Caller) -> None:
    data = a_skill_archive("other", None, dependencies={"ada/pdf": "*"})
    with pytest.raises(SkillRefused) as refused:
        publish(app, ada, Wish(name=PDF, channel="1.x"), io.BytesIO(data), sha256="0" * 64)
    codes = [fault["code"] for fault in refused.value.faults]
    assert codes == ["bad_channel", "archive_differs", "name_differs", "version_missing", "depends_on_itself"]
    assert list(app.blobs.list()) == []
    with pytest.raises(SkillNotFound):
        get_skill(app, ada, name=PDF)


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06 nonsense", b"\x1f\x8b\x08", b"---\nname: pdf\n---"])
def test_what_is_no_archive_is_refused(app: App, ada: Caller, data: bytes) -> None:
    with pytest.raises(SkillRefused):
        publish(app, ada, Wish(name=PDF), io.BytesIO(data))


def test_a_dry_run_gives_the_whole_verdict_and_stores_nothing(app: App, ada: Caller) -> None:
    verdict = rehearsed(app, ada, a_skill_archive(dependencies={"ada/text": "^1"}))
    assert verdict.ok
    assert [fault.code for fault in verdict.faults] == ["dependency_missing"]
    assert verdict.draft
    assert verdict.draft.version == "1.0.0"
    assert list(app.blobs.list()) == []
    assert kinds(app) == []
    bad = rehearsed(app, ada, a_skill_archive("other"), channel="^1")
    assert not bad.ok
    assert [fault.code for fault in bad.faults] == ["bad_channel", "name_differs"]
    assert not rehearsed(app, ada, b"nothing").ok


def test_a_dry_run_of_a_version_that_exists_says_so(app: App, ada: Caller) -> None:
    a_release(app, ada)
    verdict = rehearsed(app, ada, a_skill_archive())
    assert [fault.code for fault in verdict.faults] == ["release_exists"]
    assert not verdict.ok


def test_a_dry_run_of_an_impossible_name_is_a_verdict(app: App, ada: Caller) -> None:
    verdict = rehearsed(app, ada, a_skill_archive(), name=SkillName("ada", "P\x00DF"))
    assert not verdict.ok


def test_who_may_publish(app: App, ada: Caller, eve: Caller) -> None:
    ada = an_organization(app, ada, "acme")
    with pytest.raises(Unauthenticated):
        a_release(app, ANONYMOUS, "acme/pdf")
    with pytest.raises(NamespaceNotFound):
        a_release(app, eve, "acme/pdf")
    with pytest.raises(NamespaceNotFound):
        a_release(app, ada, "nowhere/pdf")
    set_member(app, ada, namespace="acme", username="eve", role=Role.READER)
    with pytest.raises(RoleTooLow):
        a_release(app, again(app, eve), "acme/pdf")
    reading = create_token(app, ada, name="ci", scopes=[Scope.READ]).secret
    with pytest.raises(ScopeMissing):
        a_release(app, authenticate(app, reading), "acme/pdf")
    set_member(app, ada, namespace="acme", username="eve", role=Role.MAINTAINER)
    assert a_release(app, again(app, eve), "acme/pdf").published_by == "eve"


def test_the_first_release_chooses_the_visibility_and_later_ones_keep_it(app: App, ada: Caller) -> None:
    a_release(app, ada, visibility="private")
    assert a_release(app, ada, version="1.1.0").visibility is Visibility.PRIVATE
    assert a_release(app, ada, version="1.2.0", visibility="private").version == "1.2.0"
    with pytest.raises(SkillRefused) as refused:
        a_release(app, ada, version="1.3.0", visibility="public")
    assert [fault["code"] for fault in refused.value.faults] == ["visibility_differs"]


def test_a_new_name_like_an_old_one_is_published_with_a_warning(app: App, ada: Caller, eve: Caller) -> None:
    a_release(app, ada, "ada/spreadsheet")
    a_release(app, ada, "ada/spreadsheet-hidden", visibility="private")
    data = a_skill_archive("spread-sheet")
    published = publish(app, eve, Wish(name=SkillName("eve", "spread-sheet")), io.BytesIO(data))
    assert [warning.message for warning in published.warnings] == ["eve/spread-sheet looks like ada/spreadsheet"]
    again_ = publish(
        app, eve, Wish(name=SkillName("eve", "spread-sheet")), io.BytesIO(a_skill_archive("spread-sheet", "1.1.0"))
    )
    assert again_.warnings == ()
    hidden = publish(
        app, eve, Wish(name=SkillName("eve", "spreadsheet-hiddem")), io.BytesIO(a_skill_archive("spreadsheet-hiddem"))
    )
    assert hidden.warnings == ()


def test_the_same_slug_in_two_namespaces_is_two_skills(app: App, ada: Caller, eve: Caller) -> None:
    one, other = a_release(app, ada, "ada/pdf"), a_release(app, eve, "eve/pdf")
    assert one.digest == other.digest
    assert one.id != other.id


def test_content_that_is_being_removed_is_not_referred_to(app: App, ada: Caller) -> None:
    with app.database.transaction() as tx:
        removals.add_removals(tx, [sha256_hex(a_skill_archive())], now_ms=0)
    with pytest.raises(ContentIsBeingRemoved):
        a_release(app, ada)
    with app.database.transaction() as tx:
        removals.finish_removals(tx, [sha256_hex(a_skill_archive())])
    assert a_release(app, ada).version == "1.0.0"


def test_a_version_may_come_with_the_request(app: App, ada: Caller) -> None:
    data = a_skill_archive("pdf", None)
    published = publish(app, ada, Wish(name=PDF, version="v3.0.0"), io.BytesIO(data))
    assert published.release.version == "3.0.0"
