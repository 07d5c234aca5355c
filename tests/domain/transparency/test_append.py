"""Appending: strict order, all or nothing, sealed where it must be, on both databases."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.transparency.append import append
from skillyard.domain.transparency.entries import list_entries
from skillyard.domain.transparency.model import ReleaseName, Visibility
from skillyard.domain.transparency.prove import checkpoint, prove
from skillyard.domain.transparency.sign import STATEMENT, sign_statement
from skillyard.skill.faults import SkillError
from skillyard.skill.log.checkpoint import open_checkpoint
from skillyard.skill.log.leaf import Kind, Leaf, seal
from skillyard.skill.log.merkle import is_consistent, is_included, leaf_hash
from skillyard.skill.log.note import open_note


def a_leaf(name: str = "ada/pdf", version: str = "1.0.0", kind: str = Kind.PUBLISHED) -> Leaf:
    return Leaf(kind=kind, name=name, version=version, digest="sha256:" + "a" * 64, at_ms=1, by="ada")


def add(app: App, leaf: Leaf, visibility: Visibility = "public") -> int:
    with app.database.transaction() as tx:
        return append(tx, leaf, visibility=visibility)


def test_positions_are_strictly_sequential(each_app: App) -> None:
    with ThreadPoolExecutor(4) as pool:
        positions = list(pool.map(lambda n: add(each_app, a_leaf(version=f"1.0.{n}")), range(40)))
    assert sorted(positions) == list(range(40))
    assert open_checkpoint(checkpoint(each_app), each_app.log_key.verifier).size == 40


def test_what_is_rolled_back_leaves_no_trace(each_app: App) -> None:
    before = checkpoint(each_app)
    with contextlib.suppress(RuntimeError), each_app.database.transaction() as tx:
        append(tx, a_leaf())
        raise RuntimeError
    assert checkpoint(each_app) == before
    assert add(each_app, a_leaf()) == 0


def test_a_checkpoint_never_covers_what_is_not_committed(each_app: App) -> None:
    add(each_app, a_leaf())
    with each_app.database.transaction() as tx:
        append(tx, a_leaf(version="2.0.0"))
        with ThreadPoolExecutor(1) as pool:
            note = pool.submit(checkpoint, each_app).result()
    assert open_checkpoint(note, each_app.log_key.verifier).size == 1


def test_every_entry_is_proved_and_every_size_is_consistent(each_app: App) -> None:
    key = each_app.log_key.verifier
    known = []
    for number in range(12):
        add(each_app, a_leaf(version=f"1.0.{number}"))
        known.append(open_checkpoint(checkpoint(each_app), key))
    for old in known:
        answer = prove(each_app, ANONYMOUS, positions=range(12), known_size=old.size)
        now = open_checkpoint(answer.checkpoint, key)
        assert is_consistent(old.size, now.size, answer.consistency, old.root, now.root)
        for one in answer.proven:
            leaf = leaf_hash(one.entry.leaf.encode())
            assert is_included(leaf, one.entry.position, now.size, one.proof, now.root)


def test_releases_are_found_by_name_at_their_first_publication(each_app: App) -> None:
    add(each_app, a_leaf("ada/text"))
    first = add(each_app, a_leaf())
    add(each_app, a_leaf(kind=Kind.YANKED))
    add(each_app, a_leaf())
    wanted, unknown = ReleaseName(name="ada/pdf", version="1.0.0"), ReleaseName(name="ada/pdf", version="9.9.9")
    answer = prove(each_app, ANONYMOUS, releases=[wanted, unknown])
    assert [one.entry.position for one in answer.proven] == [first]
    assert answer.missing == (unknown,)


def test_an_entry_on_a_private_skill_says_nothing_to_others(each_app: App, ada: Caller, eve: Caller) -> None:
    add(each_app, a_leaf("ada/hidden"), "private")
    release = ReleaseName(name="ada/hidden", version="1.0.0")
    for caller in (ANONYMOUS, eve):
        assert prove(each_app, caller, releases=[release]).missing == (release,)
        (proven,) = prove(each_app, caller, positions=[0]).proven
        assert "hidden" not in proven.entry.leaf
        assert (proven.entry.facts, proven.entry.salt) == (None, None)
        assert list_entries(each_app, caller, name="ada/hidden").items == ()
        assert list_entries(each_app, caller).items[0].facts is None
    (proven,) = prove(each_app, ada, releases=[release]).proven
    assert proven.entry.facts is not None
    assert proven.entry.salt is not None
    assert Leaf.read(proven.entry.facts).name == "ada/hidden"
    assert seal(proven.entry.facts, proven.entry.salt) == proven.entry.leaf
    assert list_entries(each_app, ada, name="ada/hidden").items == (proven.entry,)


def test_an_unlisted_skill_is_proved_to_whoever_knows_its_name_only(each_app: App, eve: Caller) -> None:
    add(each_app, a_leaf("ada/known"), "unlisted")
    assert list_entries(each_app, eve).items[0].facts is None
    (proven,) = prove(each_app, eve, releases=[ReleaseName(name="ada/known", version="1.0.0")]).proven
    assert proven.entry.facts is not None


def test_a_skill_that_becomes_public_opens_its_past(each_app: App, eve: Caller) -> None:
    add(each_app, a_leaf("ada/hidden"), "private")
    add(each_app, a_leaf("ada/hidden", kind=Kind.VISIBILITY), "public")
    newer, older = list_entries(each_app, eve, name="ada/hidden").items
    assert newer.facts is None
    assert older.facts is not None


def test_the_same_facts_are_sealed_differently_each_time(each_app: App) -> None:
    add(each_app, a_leaf("ada/hidden"), "private")
    add(each_app, a_leaf("ada/hidden"), "private")
    first, second = list_entries(each_app, ANONYMOUS).items
    assert first.leaf != second.leaf


def test_entries_come_in_pages_the_newest_first(each_app: App) -> None:
    for number in range(5):
        add(each_app, a_leaf(version=f"1.0.{number}"))
    page = list_entries(each_app, ANONYMOUS, limit=2)
    assert [entry.position for entry in page.items] == [4, 3]
    page = list_entries(each_app, ANONYMOUS, limit=9, cursor=page.next_cursor, after=0)
    assert [entry.position for entry in page.items] == [2, 1]
    assert page.next_cursor is None


def test_a_statement_is_a_note_that_cannot_be_taken_for_a_checkpoint(each_app: App) -> None:
    key = each_app.log_key.verifier
    note = sign_statement(each_app, Kind.OVERRIDE, {"reason": "Zeile 1\nZeile 2 \x7f\u202e ok", "days": 90})
    first, body = open_note(note, key).splitlines()
    assert first == STATEMENT
    assert json.loads(body) == {
        "kind": "release.override", "reason": "Zeile 1\nZeile 2 \x7f\u202e ok", "days": 90,
    }  # fmt: skip
    with pytest.raises(SkillError):
        open_checkpoint(note, key)
