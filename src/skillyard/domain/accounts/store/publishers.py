"""SQL of trusted publishers, their tokens, and the ID tokens that were exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import orjson

from skillyard.domain.accounts.model import Provenance
from skillyard.domain.accounts.publisher import TrustedPublisher
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "trusted_publishers",
        (
            "id", "namespace", "skill", "issuer", "subject", "claims", "lasting", "added_by", "added_ms",
            "last_used_ms",
        ),
    ),
    Table("publisher_tokens", ("id", "secret_hash", "publisher_id", "skill", "provenance", "created_ms", "expires_ms")),
    Table("used_id_tokens", ("issuer", "jti", "expires_ms")),
)  # fmt: skip


def add_publisher(tx: Tx, publisher: TrustedPublisher, *, subject: str) -> bool:
    """False when the same one is trusted already."""
    return tx.insert_new(
        "INSERT INTO trusted_publishers (id, namespace, skill, issuer, subject, claims, lasting, added_by, added_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        publisher.id, publisher.namespace, publisher.skill or "", publisher.issuer, subject, _json(publisher.claims),
        _json(publisher.lasting), publisher.added_by, publisher.added_ms,
    )  # fmt: skip


def list_publishers(tx: Tx, namespace: str, *, after: str, limit: int) -> list[TrustedPublisher]:
    """The oldest first; those with an id above `after`."""
    rows = tx.all(
        "SELECT * FROM trusted_publishers WHERE namespace = ? AND id > ? ORDER BY id LIMIT ?", namespace, after, limit
    )
    return [_publisher(row) for row in rows]


def find_publisher(tx: Tx, namespace: str, publisher_id: str) -> TrustedPublisher | None:
    row = tx.one("SELECT * FROM trusted_publishers WHERE namespace = ? AND id = ?", namespace, publisher_id)
    return _publisher(row) if row else None


def list_publishers_of(tx: Tx, issuer: str, subject: str) -> list[TrustedPublisher]:
    """All that an ID token of this issuer with this subject may be meant for."""
    rows = tx.all(
        "SELECT * FROM trusted_publishers WHERE issuer = ? AND subject = ? ORDER BY id LIMIT 1000", issuer, subject
    )
    return [_publisher(row) for row in rows]


def list_publishers_for(tx: Tx, issuer: str, namespace: str, skill: str) -> list[TrustedPublisher]:
    """Those for a skill, or for all of its namespace; with no skill only the latter."""
    rows = tx.all(
        "SELECT * FROM trusted_publishers WHERE issuer = ? AND namespace = ? AND skill IN (?, '')"
        " ORDER BY skill DESC, id LIMIT 1000",
        issuer, namespace, skill,
    )  # fmt: skip
    return [_publisher(row) for row in rows]


def remove_publisher(tx: Tx, namespace: str, publisher_id: str) -> bool:
    """The tokens that it was handed go with it (ON DELETE CASCADE)."""
    return bool(tx.run("DELETE FROM trusted_publishers WHERE namespace = ? AND id = ?", namespace, publisher_id))


def note_use(tx: Tx, publisher_id: str, lasting: Mapping[str, str], *, now_ms: int) -> bool:
    """The first use sets the ids that all others must have. False when they differ, or the publisher is gone."""
    return bool(
        tx.run(
            "UPDATE trusted_publishers SET lasting = ?, last_used_ms = ? WHERE id = ? AND lasting IN ('{}', ?)",
            _json(lasting), now_ms, publisher_id, _json(lasting),
        )
    )  # fmt: skip


def use_id_token(tx: Tx, issuer: str, jti: str, *, expires_ms: int) -> bool:
    """Of several that come at once with the same one, one gets True."""
    return tx.insert_new(
        "INSERT INTO used_id_tokens (issuer, jti, expires_ms) VALUES (?, ?, ?)", issuer, jti, expires_ms
    )


def add_token(
    tx: Tx, token_id: str, publisher_id: str, provenance: Provenance, *,
    skill: str, secret_hash: str, now_ms: int, expires_ms: int,
) -> None:  # fmt: skip
    tx.run(
        "INSERT INTO publisher_tokens (id, secret_hash, publisher_id, skill, provenance, created_ms, expires_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        token_id, secret_hash, publisher_id, skill, _json(asdict(provenance)), now_ms, expires_ms,
    )  # fmt: skip


def find_token(tx: Tx, *, secret_hash: str) -> tuple[TrustedPublisher, Provenance, Row] | None:
    """Whose token it is, how they came by it, and of the token `token_id`, `token_skill`, `expires_ms`."""
    row = tx.one(
        "SELECT p.*, t.id AS token_id, t.skill AS token_skill, t.provenance, t.expires_ms FROM publisher_tokens t"
        " JOIN trusted_publishers p ON p.id = t.publisher_id WHERE t.secret_hash = ?",
        secret_hash,
    )
    return (_publisher(row), Provenance(**orjson.loads(row["provenance"])), row) if row else None


def remove_expired(tx: Tx, *, tokens_before_ms: int, now_ms: int) -> int:
    """Forget tokens that expired before one time, and ID tokens that nobody could use any more."""
    return tx.run("DELETE FROM publisher_tokens WHERE expires_ms < ?", tokens_before_ms) + tx.run(
        "DELETE FROM used_id_tokens WHERE expires_ms < ?", now_ms
    )


def _publisher(row: Row) -> TrustedPublisher:
    return TrustedPublisher(
        id=row["id"],
        namespace=row["namespace"],
        skill=row["skill"] or None,
        issuer=row["issuer"],
        claims=orjson.loads(row["claims"]),
        lasting=orjson.loads(row["lasting"]),
        added_by=row["added_by"],
        added_ms=row["added_ms"],
        last_used_ms=row["last_used_ms"],
    )


def _json(values: Mapping[str, str | None]) -> str:
    return orjson.dumps(dict(values), option=orjson.OPT_SORT_KEYS).decode()
