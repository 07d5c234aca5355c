"""From the hash of a zip to the tree in it, for releases that were uploaded as zips and for others."""

from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.registry.errors import ReleaseNotFound, SkillNotFound
from skillyard.domain.registry.zip_digests import find_zip_of, list_zipped
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release

NAME = SkillName("ada", "pdf")


@pytest.mark.parametrize("format", ["zip", "tar.gz"])
def test_a_zip_that_was_shown_leads_back_to_its_release(each_app: App, format: str) -> None:
    ada = a_person(each_app)
    release = a_release(each_app, ada, "ada/pdf", visibility="private", format=format)
    zip = find_zip_of(each_app, ada, name=NAME, version="1.0.0")
    assert find_zip_of(each_app, ada, name=NAME, version="latest").sha256 == zip.sha256
    (found,) = list_zipped(each_app, [zip.sha256, "0" * 64])[zip.sha256]
    assert (found.name, found.version, found.digest) == ("ada/pdf", "1.0.0", release.digest)


def test_the_same_zip_of_several_releases_names_them_all_the_oldest_first(each_app: App) -> None:
    ada, bob = a_person(each_app, "ada"), a_person(each_app, "bob")
    for owner in (ada, bob):
        a_release(each_app, owner, f"{owner.username}/pdf")
    zip = find_zip_of(each_app, ada, name=NAME, version="1.0.0")
    assert [one.name for one in list_zipped(each_app, [zip.sha256])[zip.sha256]] == ["ada/pdf", "bob/pdf"]


def test_strangers_learn_no_hash_of_what_is_private(each_app: App) -> None:
    ada, eve = a_person(each_app, "ada"), a_person(each_app, "eve")
    a_release(each_app, ada, "ada/pdf", visibility="private")
    with pytest.raises(SkillNotFound):
        find_zip_of(each_app, eve, name=NAME, version="1.0.0")
    with pytest.raises(ReleaseNotFound):
        find_zip_of(each_app, ada, name=NAME, version="9.9.9")
    assert list_zipped(each_app, []) == {}
    assert list_zipped(each_app, ["", "none", "\u00e4" * 300]) == {}
