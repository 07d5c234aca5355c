"""All SQL of accounts. Who may do it, and what else must happen with it, is decided by the operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from skillyard.domain.accounts.cli_session import CliSession
from skillyard.domain.accounts.model import Member, Namespace, Token, User
from skillyard.domain.accounts.rights import Role, Scope
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("namespaces", ("slug", "kind", "display_name", "skeleton", "created_ms")),
    Table("users", ("id", "username", "display_name", "is_admin", "password_hash", "created_ms", "suspended_ms")),
    Table("members", ("namespace", "user_id", "role", "since_ms")),
    Table(
        "tokens",
        (
            "id", "secret_hash", "user_id", "kind", "name", "prefix", "scopes", "namespaces",
            "created_ms", "expires_ms", "last_used_ms", "revoked_ms", "session_id", "integrations",
        ),
    ),
    Table("sign_in_links", ("code_hash", "kind", "user_id", "created_ms", "expires_ms", "used_ms")),
    Table(
        "cli_sessions",
        (
            "id", "code_challenge", "user_code", "client_name", "status", "user_id", "created_ms", "expires_ms",
            "scopes", "token_days", "signed_in_ms", "integrations", "polled_ms",
        ),
    ),
)  # fmt: skip
_AT_ONCE = 500


def has_users(tx: Tx) -> bool:
    return tx.one("SELECT 1 FROM users LIMIT 1") is not None


def add_user(tx: Tx, user: User, *, password_hash: str | None) -> None:
    tx.run(
        "INSERT INTO users (id, username, display_name, is_admin, password_hash, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
        user.id, user.username, user.display_name, int(user.is_admin), password_hash, user.created_ms,
    )  # fmt: skip


def find_user(tx: Tx, *, username: str) -> User | None:
    row = tx.one("SELECT * FROM users WHERE username = ?", username)
    return _user(row) if row else None


def get_user(tx: Tx, user_id: str) -> User:
    row = tx.one("SELECT * FROM users WHERE id = ?", user_id)
    assert row is not None, "users are never deleted"
    return _user(row)


def list_users(tx: Tx, user_ids: Sequence[str]) -> dict[str, User]:
    """By id; those there are."""
    if not user_ids:
        return {}
    marks = ", ".join("?" * len(user_ids))
    rows = tx.all(f"SELECT * FROM users WHERE id IN ({marks})", *user_ids)  # noqa: S608
    return {row["id"]: _user(row) for row in rows}


def find_password(tx: Tx, *, username: str) -> tuple[User, str | None] | None:
    """The user of that name, with the hash of the password if there is one."""
    row = tx.one("SELECT * FROM users WHERE username = ?", username)
    return (_user(row), row["password_hash"]) if row else None


def set_password(tx: Tx, user_id: str, password_hash: str) -> None:
    tx.run("UPDATE users SET password_hash = ? WHERE id = ?", password_hash, user_id)


def replace_password(tx: Tx, user_id: str, password_hash: str, *, instead_of: str | None) -> bool:
    """False when the password is not the one any more that this was to replace."""
    return bool(
        tx.run(
            "UPDATE users SET password_hash = ? WHERE id = ? AND coalesce(password_hash, '') = ?",
            password_hash, user_id, instead_of or "",
        )
    )  # fmt: skip


def set_suspended(tx: Tx, user_id: str, suspended_ms: int | None) -> None:
    tx.run("UPDATE users SET suspended_ms = ? WHERE id = ?", suspended_ms, user_id)


def add_namespace(tx: Tx, namespace: Namespace, *, skeleton: str) -> bool:
    """False when the slug is taken."""
    return tx.insert_new(
        "INSERT INTO namespaces (slug, kind, display_name, skeleton, created_ms) VALUES (?, ?, ?, ?, ?)",
        namespace.slug, namespace.kind, namespace.display_name, skeleton, namespace.created_ms,
    )  # fmt: skip


def is_slug_free(tx: Tx, slug: str) -> bool:
    """For proposals: somebody may be faster."""
    return tx.one("SELECT 1 FROM namespaces WHERE slug = ?", slug) is None


def get_namespace(tx: Tx, slug: str, *, role: Role | None) -> Namespace:
    row = tx.one("SELECT * FROM namespaces WHERE slug = ?", slug)
    assert row is not None, "namespaces are never deleted"
    return _namespace(row, role)


def list_namespaces(tx: Tx, roles: Mapping[str, Role], *, after: str, limit: int) -> list[Namespace]:
    """Those of `roles`, in the order of their slugs."""
    slugs = sorted(slug for slug in roles if slug > after)[:limit]
    marks = ", ".join("?" * len(slugs))
    rows = tx.all(f"SELECT * FROM namespaces WHERE slug IN ({marks})", *slugs) if slugs else []  # noqa: S608 (only marks)
    return sorted((_namespace(row, roles[row["slug"]]) for row in rows), key=lambda namespace: namespace.slug)


def list_slugs_near(tx: Tx, skeleton: str, *, limit: int) -> list[str]:
    """Slugs whose skeletons stand next to this one in the alphabet, at most `limit` on each side."""
    from_here = tx.all(
        "SELECT slug FROM namespaces WHERE skeleton >= ? ORDER BY skeleton, slug LIMIT ?", skeleton, limit
    )
    before = tx.all("SELECT slug FROM namespaces WHERE skeleton < ? ORDER BY skeleton DESC LIMIT ?", skeleton, limit)
    return [row["slug"] for row in (*from_here, *before)]


def set_member(tx: Tx, namespace: str, user_id: str, role: Role, *, now_ms: int) -> None:
    tx.run(
        "INSERT INTO members (namespace, user_id, role, since_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (user_id, namespace) DO UPDATE SET role = excluded.role",
        namespace, user_id, role.value, now_ms,
    )  # fmt: skip


def remove_member(tx: Tx, namespace: str, user_id: str) -> bool:
    return bool(tx.run("DELETE FROM members WHERE namespace = ? AND user_id = ?", namespace, user_id))


def has_owner(tx: Tx, namespace: str) -> bool:
    """Whether anybody who can sign in owns it."""
    return bool(
        tx.one(
            "SELECT 1 FROM members m JOIN users u ON u.id = m.user_id"
            " WHERE m.namespace = ? AND m.role = 'owner' AND u.suspended_ms IS NULL LIMIT 1",
            namespace,
        )
    )


def find_first_owner(tx: Tx, namespace: str) -> str | None:
    """The id of who has been an owner of it for longest."""
    row = tx.one(
        "SELECT user_id FROM members WHERE namespace = ? AND role = 'owner' ORDER BY since_ms, user_id LIMIT 1",
        namespace,
    )
    return row["user_id"] if row else None


def list_members(tx: Tx, namespace: str, *, after: str, limit: int) -> list[Member]:
    rows = tx.all(
        "SELECT u.username, u.display_name, m.role, m.since_ms FROM members m JOIN users u ON u.id = m.user_id"
        " WHERE m.namespace = ? AND u.username > ? ORDER BY u.username LIMIT ?",
        namespace, after, limit,
    )  # fmt: skip
    return [_member(row) for row in rows]


def list_member_ids(tx: Tx, namespaces: Sequence[str]) -> list[str]:
    """Of those who are a member of any of them."""
    found = []
    for start in range(0, len(namespaces), _AT_ONCE):
        part = namespaces[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(part))
        found += tx.all(f"SELECT DISTINCT user_id FROM members WHERE namespace IN ({marks})", *part)  # noqa: S608
    return [row["user_id"] for row in found]


def find_member(tx: Tx, namespace: str, username: str) -> Member | None:
    row = tx.one(
        "SELECT u.username, u.display_name, m.role, m.since_ms FROM members m JOIN users u ON u.id = m.user_id"
        " WHERE m.namespace = ? AND u.username = ?",
        namespace, username,
    )  # fmt: skip
    return _member(row) if row else None


def list_roles(tx: Tx, user_id: str) -> dict[str, Role]:
    rows = tx.all("SELECT namespace, role FROM members WHERE user_id = ?", user_id)
    return {row["namespace"]: Role(row["role"]) for row in rows}


def add_token(tx: Tx, token: Token, *, secret_hash: str) -> bool:
    """False when it is known already, which cannot be of a secret that was made a moment ago."""
    return tx.insert_new(
        "INSERT INTO tokens (id, secret_hash, user_id, kind, name, prefix, scopes, namespaces, created_ms, expires_ms,"
        " session_id, integrations) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        token.id, secret_hash, token.user_id, token.kind, token.name, token.prefix, _words(token.scopes),
        _words_or_null(token.namespaces), token.created_ms, token.expires_ms, token.session_id,
        _words_or_null(token.integrations),
    )  # fmt: skip


def find_token(tx: Tx, *, secret_hash: str) -> tuple[Token, Row] | None:
    """The token, and of its owner `username`, `is_admin`, `suspended_ms`."""
    row = tx.one(
        "SELECT t.*, u.username, u.is_admin, u.suspended_ms FROM tokens t JOIN users u ON u.id = t.user_id"
        " WHERE t.secret_hash = ?",
        secret_hash,
    )
    return (_token(row), row) if row else None


def find_token_of(tx: Tx, user_id: str, token_id: str) -> Token | None:
    row = tx.one("SELECT * FROM tokens WHERE id = ? AND user_id = ?", token_id, user_id)
    return _token(row) if row else None


def list_personal_tokens(
    tx: Tx, user_id: str, *, before: str, limit: int, scopes: frozenset[Scope] | None
) -> list[Token]:
    """The newest first; those with an id below `before`, and with exactly these scopes where any are named."""
    rows = tx.all(
        "SELECT * FROM tokens WHERE user_id = ? AND kind = 'personal' AND id < ? AND scopes = coalesce(?, scopes)"
        " ORDER BY id DESC LIMIT ?",
        user_id, before, _words_or_null(scopes), limit,
    )  # fmt: skip
    return [_token(row) for row in rows]


def revoke_token(tx: Tx, user_id: str, token_id: str, *, now_ms: int) -> bool:
    """False when it is not theirs, or was revoked before."""
    return bool(
        tx.run(
            "UPDATE tokens SET revoked_ms = ? WHERE id = ? AND user_id = ? AND revoked_ms IS NULL",
            now_ms, token_id, user_id,
        )
    )  # fmt: skip


def revoke_access_tokens(tx: Tx, user_id: str, *, but: str | None, now_ms: int) -> None:
    tx.run(
        "UPDATE tokens SET revoked_ms = ?"
        " WHERE user_id = ? AND kind = 'access' AND revoked_ms IS NULL AND expires_ms > ? AND id <> ?",
        now_ms, user_id, now_ms, but or "",
    )  # fmt: skip


def set_last_used(tx: Tx, token_id: str, at_ms: int) -> None:
    tx.run("UPDATE tokens SET last_used_ms = ? WHERE id = ? AND coalesce(last_used_ms, 0) < ?", at_ms, token_id, at_ms)


def add_link(tx: Tx, code_hash: str, *, kind: str, user_id: str | None, created_ms: int, expires_ms: int) -> None:
    tx.run(
        "INSERT INTO sign_in_links (code_hash, kind, user_id, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?)",
        code_hash, kind, user_id, created_ms, expires_ms,
    )  # fmt: skip


def find_link(tx: Tx, code_hash: str, *, now_ms: int) -> Row | None:
    """The link with `kind`, `user_id`, if it can still be used."""
    return tx.one(
        "SELECT * FROM sign_in_links WHERE code_hash = ? AND used_ms IS NULL AND expires_ms > ?", code_hash, now_ms
    )


def use_link(tx: Tx, code_hash: str, *, now_ms: int) -> bool:
    """Of several that come at once, one gets True."""
    return bool(
        tx.run(
            "UPDATE sign_in_links SET used_ms = ? WHERE code_hash = ? AND used_ms IS NULL AND expires_ms > ?",
            now_ms, code_hash, now_ms,
        )
    )  # fmt: skip


def add_cli_session(tx: Tx, session: CliSession, *, code_challenge: str) -> None:
    tx.run(
        "INSERT INTO cli_sessions (id, code_challenge, user_code, client_name, status, created_ms, expires_ms, scopes,"
        " token_days, integrations) VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?)",
        session.id, code_challenge, session.user_code, session.client_name, session.created_ms, session.expires_ms,
        _words_or_null(session.scopes), session.token_days, _words_or_null(session.integrations),
    )  # fmt: skip


def find_cli_session(tx: Tx, session_id: str) -> Row | None:
    return tx.one("SELECT * FROM cli_sessions WHERE id = ?", session_id)


def find_waiting_cli_session(tx: Tx, user_code: str, *, now_ms: int) -> Row | None:
    """The one with this code that nobody has decided; None also when there are several."""
    rows = tx.all(
        "SELECT * FROM cli_sessions WHERE user_code = ? AND status = 'pending' AND expires_ms > ?", user_code, now_ms
    )
    return rows[0] if len(rows) == 1 else None


def note_poll(tx: Tx, session_id: str, *, now_ms: int, least_ms: int) -> bool:
    """False when it was asked for less than `least_ms` ago."""
    return bool(
        tx.run(
            "UPDATE cli_sessions SET polled_ms = ? WHERE id = ? AND coalesce(polled_ms, 0) <= ?",
            now_ms, session_id, now_ms - least_ms,
        )
    )  # fmt: skip


def decide_cli_session(tx: Tx, session_id: str, status: str, user_id: str, *, signed_in_ms: int, now_ms: int) -> bool:
    """False when it was decided before, or has expired."""
    return bool(
        tx.run(
            "UPDATE cli_sessions SET status = ?, user_id = ?, signed_in_ms = ?"
            " WHERE id = ? AND status = 'pending' AND expires_ms > ?",
            status, user_id, signed_in_ms, session_id, now_ms,
        )
    )  # fmt: skip


def hand_out_cli_session(tx: Tx, session_id: str, *, now_ms: int) -> bool:
    """Of several polls that come at once, one gets True."""
    return bool(
        tx.run(
            "UPDATE cli_sessions SET status = 'handed_out' WHERE id = ? AND status = 'approved' AND expires_ms > ?",
            session_id, now_ms,
        )
    )  # fmt: skip


def remove_expired(tx: Tx, *, sign_ins_before_ms: int, personal_tokens_before_ms: int) -> int:
    """Forget links, command lines and access tokens that expired before one time, personal tokens before the other."""
    return (
        tx.run("DELETE FROM sign_in_links WHERE expires_ms < ?", sign_ins_before_ms)
        + tx.run("DELETE FROM cli_sessions WHERE expires_ms < ?", sign_ins_before_ms)
        + tx.run("DELETE FROM tokens WHERE kind = 'access' AND expires_ms < ?", sign_ins_before_ms)
        + tx.run("DELETE FROM tokens WHERE expires_ms < ?", personal_tokens_before_ms)
    )


def _user(row: Row) -> User:
    return User(
        id=row["id"],
        username=row["username"],
        display_name=row["display_name"],
        is_admin=bool(row["is_admin"]),
        is_suspended=row["suspended_ms"] is not None,
        has_password=row["password_hash"] is not None,
        created_ms=row["created_ms"],
    )


def _namespace(row: Row, role: Role | None) -> Namespace:
    return Namespace(
        slug=row["slug"],
        kind=row["kind"],
        display_name=row["display_name"],
        created_ms=row["created_ms"],
        role=role,
    )


def _member(row: Row) -> Member:
    return Member(
        username=row["username"],
        display_name=row["display_name"],
        role=Role(row["role"]),
        since_ms=row["since_ms"],
    )


def _token(row: Row) -> Token:
    fields: dict[str, Any] = {name: row[name] for name in Token.__slots__}
    fields["scopes"] = frozenset(Scope(word) for word in row["scopes"].split())
    fields["namespaces"] = _set_or_none(row["namespaces"])
    fields["integrations"] = _set_or_none(row["integrations"])
    return Token(**fields)


def _words_or_null(values: Iterable[str] | None) -> str | None:
    return None if values is None else _words(values)


def _set_or_none(words: str | None) -> frozenset[str] | None:
    return None if words is None else frozenset(words.split())


def _words(values: Iterable[str]) -> str:
    return " ".join(sorted(values))
