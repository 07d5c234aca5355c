"""Ownership: what accounts recorded as events becomes entries of the log, each exactly once and in order."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import MemberChanged, MemberRemoved
from skillyard.domain.accounts.publisher import TrustedPublisherAdded, TrustedPublisherRemoved
from skillyard.domain.transparency import rules, store
from skillyard.domain.transparency.append import add
from skillyard.infra.database import Tx
from skillyard.infra.events import StoredEvent, read_after
from skillyard.skill.log.leaf import Kind, Leaf

_CURSOR = "ownership"


def follow_ownership(app: App) -> int:
    """Take in the next events; how many there were. Where it has come to is stored in the same transaction."""
    with app.database.transaction() as tx:
        tx.lock("log")
        batch = read_after(tx, store.followed_to(tx, _CURSOR))
        for event in batch:
            if leaf := _leaf(event):
                add(tx, leaf, is_sealed=not _is_for_all(tx, leaf))
        if batch:
            store.set_followed(tx, _CURSOR, batch[-1].position)
    return len(batch)


def _leaf(event: StoredEvent) -> Leaf | None:
    data = event.data
    if event.kind in (MemberChanged.kind, MemberRemoved.kind):
        details = rules.without_nones({"username": data["username"], "role": data.get("role")})
        return _of_namespace(event, Kind.MEMBER, data["namespace"], details)
    if event.kind in (TrustedPublisherAdded.kind, TrustedPublisherRemoved.kind):
        details = rules.without_nones({key: data.get(key) for key in ("publisher_id", "target", "issuer", "identity")})
        return _of_namespace(event, Kind.PUBLISHER, data["target"].partition("/")[0], details)
    return None


def _of_namespace(event: StoredEvent, kind: Kind, namespace: str, details: dict[str, str]) -> Leaf:
    return Leaf(kind=kind, name=namespace, at_ms=event.at_ms, by=event.data["by"], details=details)


def _is_for_all(tx: Tx, leaf: Leaf) -> bool:
    is_known = store.has_public_skill(tx, leaf.name)
    if leaf.kind == Kind.PUBLISHER:
        return is_known
    username = leaf.details["username"]
    before = (Leaf.read(entry.leaf) for entry in store.list_open_members(tx, leaf.name))
    was_shown = any(one.details["username"] == username for one in before)
    return rules.is_for_all(role=leaf.details.get("role"), was_shown=was_shown, namespace_is_known=is_known)
