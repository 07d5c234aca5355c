"""Keys with which agents sign in: proven to be theirs by signing a challenge, used by signing a bearer per request.

What an agent may do with one: read what its owner may, run, invoke and deliver. It never outlives the personal token
with which it was enrolled.
"""

from __future__ import annotations

import secrets

from skillyard.app import App
from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.agent import Agent, AgentKey, AgentKeyEnrolled, AgentKeyRemoved, Challenge
from skillyard.domain.accounts.agents import check_may_act, own_agent
from skillyard.domain.accounts.errors import AccountSuspended, AgentKeyNotFound, EnrollmentFailed, TooManyAgentKeys
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.store import agents
from skillyard.infra.agent_bearers import (
    AgentBearer,
    AgentBearerNotValid,
    agent_named_in,
    check_agent_bearer,
    is_public_key,
    is_signed_by,
)
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id

MOST_KEYS = 10
CHALLENGE_MS = 5 * 60 * 1000
AGENT_SCOPES = frozenset({Scope.READ, Scope.RUN})


def ask_for_challenge(app: App, caller: Caller, *, agent_id: str) -> Challenge:
    """A text for the agent to sign with its new key within five minutes. Raises AgentNotFound, AgentMayNotAct."""
    caller.must("manage_agents")
    with app.database.transaction() as tx:
        agent = own_agent(tx, caller, agent_id)
        check_may_act(agent)
        challenge = Challenge(
            id=new_id("ach"),
            agent_id=agent.id,
            challenge=f"skillyard:{agent.id}:{secrets.token_urlsafe(32)}",
            expires_ms=app.clock.now_ms() + CHALLENGE_MS,
        )
        agents.add_challenge(tx, challenge)
    return challenge


def enroll_key(
    app: App, caller: Caller, *, agent_id: str, public_key: str, challenge_id: str, signed_challenge: str
) -> AgentKey:
    """Let the agent sign in with this Ed25519 key, which has signed the challenge; both in base64url without padding.

    A challenge is good once, whether it was met or not. Raises AgentNotFound, AgentMayNotAct, EnrollmentFailed,
    TooManyAgentKeys.
    """
    caller.must("manage_agents")
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        agent = own_agent(tx, caller, agent_id)
        check_may_act(agent)
        if not is_public_key(public_key):
            raise EnrollmentFailed(why="the public key is not one of Ed25519, 32 bytes in base64url")
        tx.lock(f"keys of {agent.id}")
        is_plain = rules.is_plain(challenge_id)
        taken = agents.take_challenge(tx, challenge_id, agent.id, now_ms=now_ms) if is_plain else None
        is_met = taken is not None and is_signed_by(public_key, signed_challenge, taken.challenge)
        key = _add_key(tx, app, caller, agent, public_key) if is_met else None
    if key is None:
        why = "its signature of the challenge is not valid" if taken else "there is no such challenge, or not any more"
        raise EnrollmentFailed(why=why)
    return key


def list_keys(app: App, caller: Caller, *, agent_id: str) -> list[AgentKey]:
    """Those that are good now, the oldest first; at most ten. Raises AgentNotFound."""
    caller.must("read_own")
    with app.database.reading() as tx:
        return agents.list_keys(tx, own_agent(tx, caller, agent_id).id, now_ms=app.clock.now_ms())


def remove_key(app: App, caller: Caller, *, agent_id: str, key_id: str) -> AgentKey:
    """Void at once. Answers what it was. Raises AgentNotFound, AgentKeyNotFound."""
    caller.must("manage_agents")
    with app.database.transaction() as tx:
        agent = own_agent(tx, caller, agent_id)
        found = [key for key in agents.list_keys(tx, agent.id, now_ms=app.clock.now_ms()) if key.id == key_id]
        if not found or not agents.remove_key(tx, agent.id, key_id):
            raise AgentKeyNotFound(agent_id=agent.id, key_id=key_id[: rules.MAX_LABEL_CHARS])
        app.events.record(tx, AgentKeyRemoved(agent_id=agent.id, key_id=key_id, by=caller.identity[1]))
    return found[0]


def authenticate_agent(app: App, token: str) -> Caller | None:
    """The agent that signed this bearer, as its owner with less rights; None for what is no bearer of an agent.

    Raises AgentBearerNotValid, also at the second use; AgentMayNotAct, AccountSuspended.
    """
    agent_id = agent_named_in(token)
    if agent_id is None:
        return None
    with app.database.reading() as tx:
        agent = agents.find_agent(tx, agent_id)
        keys = agents.list_keys(tx, agent_id, now_ms=app.clock.now_ms())
    signed_by = {key.public_key: key for key in keys}
    bearer = check_agent_bearer(token, public_keys=signed_by, now_ms=app.clock.now_ms())
    with app.database.transaction(durable=False) as tx:
        if not agents.use_bearer(tx, agent_id, bearer.id, expires_ms=bearer.expires_ms):
            raise AgentBearerNotValid(why="it was used before (claim jti)")
    assert agent is not None, "without an agent there are no keys, and nothing is signed by one"
    check_may_act(agent)
    with app.database.reading() as tx:
        return _caller(tx, agent, signed_by[bearer.public_key], bearer)


def _caller(tx: Tx, agent: Agent, key: AgentKey, bearer: AgentBearer) -> Caller:
    owner = store.get_user(tx, agent.user_id)
    if owner.is_suspended:
        raise AccountSuspended(username=owner.username)
    return Caller(
        user_id=owner.id,
        username=owner.username,
        scopes=AGENT_SCOPES,
        roles=store.list_roles(tx, owner.id),
        token_id=key.id,
        token_kind="agent",  # noqa: S106 (a kind)
        token_expires_ms=bearer.expires_ms,
        agent_id=agent.id,
    )


def _add_key(tx: Tx, app: App, caller: Caller, agent: Agent, public_key: str) -> AgentKey:
    now_ms = app.clock.now_ms()
    others = [key for key in agents.list_keys(tx, agent.id, now_ms=now_ms) if key.public_key != public_key]
    if len(others) >= MOST_KEYS:
        raise TooManyAgentKeys(agent_id=agent.id, most=MOST_KEYS)
    is_bound = caller.token_kind == "personal"  # noqa: S105 (a kind)
    key = AgentKey(
        id=new_id("akey"),
        agent_id=agent.id,
        public_key=public_key,
        enrolled_ms=now_ms,
        expires_ms=caller.token_expires_ms if is_bound else None,
    )
    agents.put_key(tx, key)
    app.events.record(tx, AgentKeyEnrolled(agent_id=agent.id, key_id=key.id, by=caller.identity[1]))
    return key
