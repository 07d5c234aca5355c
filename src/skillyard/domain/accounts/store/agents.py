"""SQL of agents, their keys and the bearers that they have used."""

from __future__ import annotations

import orjson

from skillyard.domain.accounts.agent import Agent, AgentKey, Challenge
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "agents",
        (
            "id", "user_id", "name", "description", "status", "options", "blocked_ms", "blocked_reason", "created_ms",
            "updated_ms",
        ),
    ),
    Table("agent_keys", ("id", "agent_id", "public_key", "enrolled_ms", "expires_ms")),
    Table("agent_challenges", ("id", "agent_id", "challenge", "expires_ms")),
    Table("agent_bearers", ("agent_id", "bearer_id", "expires_ms")),
)  # fmt: skip


def add_agent(tx: Tx, agent: Agent) -> None:
    tx.run(
        "INSERT INTO agents (id, user_id, name, description, status, options, created_ms, updated_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        agent.id, agent.user_id, agent.name, agent.description, agent.status, _options(agent), agent.created_ms,
        agent.updated_ms,
    )  # fmt: skip


def count_agents(tx: Tx, user_id: str) -> int:
    row = tx.one("SELECT count(*) AS n FROM agents WHERE user_id = ?", user_id)
    return int(row["n"]) if row else 0


def find_agent(tx: Tx, agent_id: str) -> Agent | None:
    row = tx.one("SELECT * FROM agents WHERE id = ?", agent_id)
    return _agent(row) if row else None


def list_agents(tx: Tx, user_id: str, *, after: str, limit: int) -> list[Agent]:
    """The oldest first; those with an id above `after`."""
    rows = tx.all("SELECT * FROM agents WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?", user_id, after, limit)
    return [_agent(row) for row in rows]


def update_agent(tx: Tx, agent: Agent) -> None:
    tx.run(
        "UPDATE agents SET name = ?, description = ?, status = ?, options = ?, blocked_ms = ?, blocked_reason = ?,"
        " updated_ms = ? WHERE id = ?",
        agent.name, agent.description, agent.status, _options(agent), agent.blocked_ms, agent.blocked_reason,
        agent.updated_ms, agent.id,
    )  # fmt: skip


def remove_agent(tx: Tx, agent_id: str) -> bool:
    """With its keys and challenges. Of several at once, one gets True."""
    tx.run("DELETE FROM agent_keys WHERE agent_id = ?", agent_id)
    tx.run("DELETE FROM agent_challenges WHERE agent_id = ?", agent_id)
    return bool(tx.run("DELETE FROM agents WHERE id = ?", agent_id))


def add_challenge(tx: Tx, challenge: Challenge) -> None:
    tx.run(
        "INSERT INTO agent_challenges (id, agent_id, challenge, expires_ms) VALUES (?, ?, ?, ?)",
        challenge.id, challenge.agent_id, challenge.challenge, challenge.expires_ms,
    )  # fmt: skip


def take_challenge(tx: Tx, challenge_id: str, agent_id: str, *, now_ms: int) -> Challenge | None:
    """One that can still be used, which it can be once: of several at once, one gets it."""
    row = tx.one(
        "SELECT * FROM agent_challenges WHERE id = ? AND agent_id = ? AND expires_ms > ?",
        challenge_id, agent_id, now_ms,
    )  # fmt: skip
    if row is None or not tx.run("DELETE FROM agent_challenges WHERE id = ?", challenge_id):
        return None
    return Challenge(**{name: row[name] for name in Challenge.__slots__})


def put_key(tx: Tx, key: AgentKey) -> None:
    """Add it; one that the agent has already gets the new end."""
    tx.run(
        "INSERT INTO agent_keys (id, agent_id, public_key, enrolled_ms, expires_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (agent_id, public_key) DO UPDATE SET id = excluded.id, enrolled_ms = excluded.enrolled_ms,"
        " expires_ms = excluded.expires_ms",
        key.id, key.agent_id, key.public_key, key.enrolled_ms, key.expires_ms,
    )  # fmt: skip


def list_keys(tx: Tx, agent_id: str, *, now_ms: int) -> list[AgentKey]:
    """Those that are good now, the oldest first."""
    rows = tx.all(
        "SELECT * FROM agent_keys WHERE agent_id = ? AND (expires_ms IS NULL OR expires_ms > ?)"
        " ORDER BY enrolled_ms, id",
        agent_id, now_ms,
    )  # fmt: skip
    return [AgentKey(**{name: row[name] for name in AgentKey.__slots__}) for row in rows]


def remove_key(tx: Tx, agent_id: str, key_id: str) -> bool:
    return bool(tx.run("DELETE FROM agent_keys WHERE agent_id = ? AND id = ?", agent_id, key_id))


def remove_keys_of(tx: Tx, user_id: str) -> int:
    """Of all of a person's agents."""
    return tx.run("DELETE FROM agent_keys WHERE agent_id IN (SELECT id FROM agents WHERE user_id = ?)", user_id)


def remove_keys_ending(tx: Tx, user_id: str, *, expires_ms: int) -> int:
    """Of all of a person's agents, those that end at that millisecond: with the token that they were enrolled with."""
    return tx.run(
        "DELETE FROM agent_keys WHERE expires_ms = ? AND agent_id IN (SELECT id FROM agents WHERE user_id = ?)",
        expires_ms, user_id,
    )  # fmt: skip


def use_bearer(tx: Tx, agent_id: str, bearer_id: str, *, expires_ms: int) -> bool:
    """Of several that come at once with the same one, one gets True."""
    return tx.insert_new(
        "INSERT INTO agent_bearers (agent_id, bearer_id, expires_ms) VALUES (?, ?, ?)", agent_id, bearer_id, expires_ms
    )


def remove_expired(tx: Tx, *, now_ms: int) -> int:
    return sum(
        tx.run(f"DELETE FROM {table} WHERE expires_ms < ?", now_ms)  # noqa: S608 (only these three)
        for table in ("agent_bearers", "agent_challenges", "agent_keys")
    )


def _options(agent: Agent) -> str:
    return orjson.dumps(dict(agent.options), option=orjson.OPT_SORT_KEYS).decode()


def _agent(row: Row) -> Agent:
    fields = {name: row[name] for name in Agent.__slots__}
    return Agent(**{**fields, "options": orjson.loads(row["options"])})
