"""Zips at addresses that name their content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.errors import DownloadAddressNotValid, ZipNotFound
from skillyard.domain.registry.model import Release, Visibility
from skillyard.domain.registry.public_zips import find_public_zip, open_public_zip, show_public_zip, sign_zip
from skillyard.domain.registry.recall import recall
from skillyard.domain.registry.repacked import Repacked
from skillyard.domain.registry.trust import AdvisorySeverity
from skillyard.domain.registry.visibility import set_visibility
from skillyard.domain.registry.zips import ZIPS
from skillyard.infra.errors import SkillyardError
from skillyard.skill.digest import sha256_hex
from skillyard.skill.names import SkillName
from tests.makers import FLAGGED, a_person, a_release, a_skill_archive, make_app

PDF = SkillName("ada", "pdf")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app, "ada")


def zip_of(app: App, release: Release) -> bytes:
    shown = show_public_zip(app, release)
    assert shown is not None
    found = find_public_zip(app, name=SkillName.parse(release.name), sha=shown.sha256)
    assert found == shown
    blob, packed = open_public_zip(app, release_id=found.release_id, sha=found.sha256, signature=sign_zip(app, found))
    data = packed.data if packed.data is not None else app.blobs.read(blob.sha256)
    assert (sha256_hex(data), len(data)) == (shown.sha256, shown.size_bytes)
    return data


@pytest.mark.parametrize("format", ["zip", "tar.gz"])
def test_the_address_of_a_zip_names_its_bytes(each_app: App, format: str) -> None:
    ada = a_person(each_app, "ada")
    release = a_release(each_app, ada, "ada/pdf", files={"scripts/run.py": "print(1)\n"}, format=format)
    with zipfile.ZipFile(io.BytesIO(zip_of(each_app, release))) as opened:
        assert sorted(opened.namelist()) == ["SKILL.md", "scripts/run.py"]


def test_a_zip_is_packed_to_the_same_bytes_again(app: App, ada: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    release = a_release(app, ada, "ada/pdf", format="tar.gz")
    first = zip_of(app, release)
    monkeypatch.setattr(ZIPS, "_kept", Repacked("zip", may_have_folder=True)._kept)
    monkeypatch.setattr(ZIPS, "_facts", Repacked("zip", may_have_folder=True)._facts)
    assert zip_of(app, release) == first == a_skill_archive("pdf")


def test_an_old_address_stays_good_when_there_is_a_newer_version(app: App, ada: Caller) -> None:
    first = a_release(app, ada, "ada/pdf", "1.0.0", format="tar.gz")
    data = zip_of(app, first)
    a_release(app, ada, "ada/pdf", "1.1.0")
    assert zip_of(app, first) == data


@pytest.mark.parametrize("sha", ["0" * 64, "", "../../etc", "A" * 64, "x" * 5000])
def test_an_unknown_hash_is_not_found(app: App, ada: Caller, sha: str) -> None:
    a_release(app, ada, "ada/pdf")
    with pytest.raises(ZipNotFound):
        find_public_zip(app, name=PDF, sha=sha)


def test_a_hash_leads_to_the_zip_of_no_other_skill(app: App, ada: Caller) -> None:
    release = a_release(app, ada, "ada/pdf")
    a_release(app, ada, "ada/docx")
    with pytest.raises(ZipNotFound):
        find_public_zip(app, name=SkillName("ada", "docx"), sha=release.archive.sha256)


def test_what_became_private_is_handed_out_no_more(app: App, ada: Caller) -> None:
    release = a_release(app, ada, "ada/pdf")
    found = find_public_zip(app, name=PDF, sha=release.archive.sha256)
    set_visibility(app, ada, name=PDF, visibility=Visibility.PRIVATE)
    with pytest.raises(ZipNotFound):
        find_public_zip(app, name=PDF, sha=found.sha256)
    with pytest.raises(ZipNotFound):
        open_public_zip(app, release_id=found.release_id, sha=found.sha256, signature=sign_zip(app, found))


def test_what_was_recalled_or_flagged_is_handed_out_to_nobody_unasked(app: App, ada: Caller) -> None:
    recalled = a_release(app, ada, "ada/pdf")
    recall(app, ada, name=PDF, versions="*", severity=AdvisorySeverity.HIGH, reason="it steals")
    flagged = a_release(app, ada, "ada/docx", files=FLAGGED)
    assert show_public_zip(app, flagged) is None
    for release in (recalled, flagged):
        with pytest.raises(SkillyardError) as refused:
            find_public_zip(app, name=SkillName.parse(release.name), sha=release.archive.sha256)
        assert refused.value.code in ("release_recalled", "needs_consent")


def test_a_forged_address_opens_nothing(app: App, ada: Caller) -> None:
    first, other = a_release(app, ada, "ada/pdf"), a_release(app, ada, "ada/docx")
    signature = sign_zip(app, find_public_zip(app, name=PDF, sha=first.archive.sha256))
    for release_id, sha, given in (
        (other.id, other.archive.sha256, signature),
        (other.id, first.archive.sha256, signature),
        (first.id, first.archive.sha256, "0" * 64),
        (first.id, first.archive.sha256, "é"),
    ):
        with pytest.raises(DownloadAddressNotValid):
            open_public_zip(app, release_id=release_id, sha=sha, signature=given)
