"""Ownership in the log: each event once, and in the open only where the namespace is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from skillyard.app import App
from skillyard.domain.accounts.members import remove_member, set_member
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.rights import Role
from skillyard.domain.transparency.entries import list_entries
from skillyard.domain.transparency.follow import follow_ownership
from skillyard.domain.transparency.jobs import log_ownership
from skillyard.skill.log.leaf import Kind, Leaf, is_sealed
from tests.makers import a_release, an_organization


def members(app: App, caller: Caller = ANONYMOUS) -> list[tuple[str, str | None]]:
    """Who became what, the oldest first, as far as the caller can read it."""
    page = list_entries(app, caller, name="acme", limit=100)
    texts = [entry.facts or entry.leaf for entry in page.items if entry.facts or not is_sealed(entry.leaf)]
    leaves = [Leaf.read(text) for text in reversed(texts)]
    return [(leaf.details["username"], leaf.details.get("role")) for leaf in leaves if leaf.kind == Kind.MEMBER]


def test_changes_of_owners_are_entered_once_and_in_order(each_app: App, ada: Caller, eve: Caller) -> None:
    owner = an_organization(each_app, ada)
    a_release(each_app, owner, "acme/pdf")
    log_ownership(each_app)
    set_member(each_app, owner, namespace="acme", username="eve", role=Role.OWNER)
    set_member(each_app, owner, namespace="acme", username="eve", role=Role.READER)
    remove_member(each_app, owner, namespace="acme", username="eve")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: log_ownership(each_app), range(6)))
    assert members(each_app) == [("ada", "owner"), ("eve", "owner"), ("eve", "reader"), ("eve", None)]
    assert follow_ownership(each_app) == 0


def test_who_may_only_read_is_nobodys_business(each_app: App, ada: Caller, eve: Caller) -> None:
    owner = an_organization(each_app, ada)
    a_release(each_app, owner, "acme/pdf")
    set_member(each_app, owner, namespace="acme", username="eve", role=Role.READER)
    remove_member(each_app, owner, namespace="acme", username="eve")
    log_ownership(each_app)
    assert members(each_app) == [("ada", "owner")]
    assert members(each_app, owner) == [("ada", "owner"), ("eve", "reader"), ("eve", None)]


def test_a_namespace_without_public_skills_stays_unknown(each_app: App, ada: Caller) -> None:
    owner = an_organization(each_app, ada)
    a_release(each_app, owner, "acme/hidden", visibility="private")
    log_ownership(each_app)
    assert members(each_app) == []
    assert members(each_app, owner) == [("ada", "owner")]
    everything = list_entries(each_app, ANONYMOUS, limit=100).items
    assert everything
    assert not [entry for entry in everything if "acme" in entry.leaf or entry.facts]


def test_a_failure_enters_nothing_and_is_made_good(each_app: App, ada: Caller) -> None:
    owner = an_organization(each_app, ada)
    a_release(each_app, owner, "acme/pdf")
    with each_app.database.reading() as tx:
        last = tx.one("SELECT * FROM events WHERE kind = 'member.changed' ORDER BY position DESC LIMIT 1")
    assert last is not None
    set_data(each_app, last["position"], "{}")
    with pytest.raises(KeyError):
        follow_ownership(each_app)
    assert members(each_app) == []
    set_data(each_app, last["position"], last["data"])
    log_ownership(each_app)
    assert members(each_app) == [("ada", "owner")]


def set_data(app: App, position: int, data: str) -> None:
    with app.database.transaction() as tx:
        tx.run("UPDATE events SET data = ? WHERE position = ?", data, position)
