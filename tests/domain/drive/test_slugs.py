"""Slugs: short where they can be, and what was handed out once means the same for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from skillyard.app import App
from skillyard.domain.drive.slug_errors import SlugAmbiguous, SlugNotFound
from skillyard.domain.drive.slugs import find_name, find_names, show_slugs
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.ordinals import list_ordinals
from skillyard.domain.registry.visibility import set_visibility
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release


def test_the_only_public_skill_with_a_slug_is_shown_by_it(each_app: App) -> None:
    a_release(each_app, a_person(each_app, "ada"), "ada/pdf")
    assert show_slugs(each_app, ["ada/pdf"]) == {"ada/pdf": "pdf"}
    assert str(find_name(each_app, "pdf")) == "ada/pdf"


def test_a_later_publish_changes_nothing_that_was_handed_out(each_app: App) -> None:
    ada, bob = a_person(each_app, "ada"), a_person(each_app, "bob")
    a_release(each_app, ada, "ada/pdf")
    show_slugs(each_app, ["ada/pdf"])
    a_release(each_app, bob, "bob/pdf")
    assert show_slugs(each_app, ["ada/pdf", "bob/pdf"]) == {"ada/pdf": "pdf", "bob/pdf": "bob--pdf"}
    set_visibility(each_app, ada, name=SkillName("ada", "pdf"), visibility=Visibility.PRIVATE)
    assert show_slugs(each_app, ["bob/pdf"]) == {"bob/pdf": "bob--pdf"}
    assert str(find_name(each_app, "pdf")) == "ada/pdf"


def test_asking_for_a_slug_gives_it_its_meaning(each_app: App) -> None:
    a_release(each_app, a_person(each_app, "ada"), "ada/pdf")
    assert str(find_name(each_app, "pdf")) == "ada/pdf"
    a_release(each_app, a_person(each_app, "bob"), "bob/pdf")
    assert str(find_name(each_app, "pdf")) == "ada/pdf"


def test_a_slug_that_several_bear_belongs_to_none_of_them(each_app: App) -> None:
    for username in ("ada", "bob"):
        a_release(each_app, a_person(each_app, username), f"{username}/pdf")
    assert show_slugs(each_app, ["ada/pdf", "bob/pdf"]) == {"ada/pdf": "ada--pdf", "bob/pdf": "bob--pdf"}
    with pytest.raises(SlugAmbiguous, match="ada--pdf or bob--pdf"):
        find_name(each_app, "pdf")


def test_a_private_skill_has_its_namespace_before_it_and_its_slug_tells_strangers_nothing(each_app: App) -> None:
    a_release(each_app, a_person(each_app, "ada"), "ada/notes", visibility="private")
    assert show_slugs(each_app, ["ada/notes"]) == {"ada/notes": "ada--notes"}
    for text in ("notes", "nothing"):
        with pytest.raises(SlugNotFound):
            find_name(each_app, text)


def test_every_spelling_with_the_namespace_is_read(each_app: App) -> None:
    assert {str(find_name(each_app, text)) for text in ("ada--pdf", "ada/pdf", "@ada/pdf")} == {"ada/pdf"}


@pytest.mark.parametrize("text", ["", "PDF", "a b", "ä", "\0", "..", "x" * 65, "\ud800"])
def test_what_is_no_slug_is_not_found(each_app: App, text: str) -> None:
    with pytest.raises(SlugNotFound):
        find_name(each_app, text)


@pytest.mark.parametrize("text", ["a--b--c", "--b", "a--", "../etc/passwd", "a/b/c", "/"])
def test_what_is_no_name_is_refused(each_app: App, text: str) -> None:
    with pytest.raises(SkillError):
        find_name(each_app, text)


def test_of_many_who_ask_at_once_all_get_the_same(each_app: App) -> None:
    a_release(each_app, a_person(each_app, "ada"), "ada/pdf")
    with ThreadPoolExecutor(8) as pool:
        assert {str(name) for name in pool.map(lambda _: find_name(each_app, "pdf"), range(16))} == {"ada/pdf"}


def test_releases_count_from_one_in_the_order_in_which_they_were_published(each_app: App) -> None:
    ada = a_person(each_app, "ada")
    for version in ("2.0.0", "1.0.0", "2.0.1"):
        a_release(each_app, ada, "ada/pdf", version)
    a_release(each_app, ada, "ada/other", "5.0.0")
    assert list_ordinals(each_app, ["ada/pdf", "ada/other", "ada/none"]) == {
        ("ada/pdf", "2.0.0"): 1,
        ("ada/pdf", "1.0.0"): 2,
        ("ada/pdf", "2.0.1"): 3,
        ("ada/other", "5.0.0"): 1,
    }


def test_many_are_read_at_once_and_what_means_nothing_is_left_out(each_app: App) -> None:
    a_release(each_app, a_person(each_app, "ada"), "ada/pdf")
    texts = ["pdf", "ada--pdf", "ada/none", "none", "", "a--b--c", "a/b/c", "\0", "x" * 200, "/", "--"]
    found = find_names(each_app, texts)
    assert {text: str(name) for text, name in found.items()} == {
        "pdf": "ada/pdf", "ada--pdf": "ada/pdf", "ada/none": "ada/none",
    }  # fmt: skip
