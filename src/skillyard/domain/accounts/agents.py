"""The programs that act for a person: register, change, suspend and remove them; administrators block them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts import rules
from skillyard.domain.accounts.agent import Agent, AgentChanged, AgentRegistered, AgentRemoved, AgentStatus, Option
from skillyard.domain.accounts.errors import AgentIsAnother, AgentMayNotAct, AgentNotFound, TooManyAgents
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.store import agents
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.skill.faults import Fault

MOST_AGENTS = 100
MAX_DESCRIPTION_CHARS = 1000
_MOST_OPTIONS = 40


def register_agent(
    app: App, caller: Caller, *, name: str, description: str = "", options: Mapping[str, Option] | None = None
) -> Agent:
    """Let a program act for the caller. It signs in with keys that are enrolled for it.

    `options` are kept and not acted upon. Raises NotAcceptable, TooManyAgents.
    """
    caller.must("manage_agents")
    user_id, username = caller.identity
    now_ms = app.clock.now_ms()
    agent = Agent(
        id=new_id("agt"),
        user_id=user_id,
        name=name,
        description=description,
        status="active",
        options=options or {},
        created_ms=now_ms,
        updated_ms=now_ms,
    )
    rules.refuse(_check(agent))
    with app.database.transaction() as tx:
        tx.lock(f"agents of {user_id}")
        if agents.count_agents(tx, user_id) >= MOST_AGENTS:
            raise TooManyAgents(most=MOST_AGENTS)
        agents.add_agent(tx, agent)
        app.events.record(tx, AgentRegistered(agent_id=agent.id, username=username, name=name))
    return agent


def list_agents(app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None) -> Page[Agent]:
    """The caller's own, the oldest first."""
    caller.must("read_own")
    user_id, _ = caller.identity
    (after,) = read_cursor(cursor, [""])
    with app.database.reading() as tx:
        found = agents.list_agents(tx, user_id, after=str(after), limit=limit + 1)
    return page_of(found, limit, lambda agent: [agent.id])


def get_agent(app: App, caller: Caller, *, agent_id: str) -> Agent:
    """One of the caller's own. Raises AgentNotFound."""
    caller.must("read_own")
    with app.database.reading() as tx:
        return own_agent(tx, caller, agent_id)


def update_agent(
    app: App,
    caller: Caller,
    *,
    agent_id: str,
    name: str | None = None,
    description: str | None = None,
    status: AgentStatus | None = None,
    options: Mapping[str, Option] | None = None,
) -> Agent:
    """Change what is not None; `options` are added to those there are. A suspended agent cannot do anything.

    Raises AgentNotFound, NotAcceptable.
    """
    caller.must("manage_agents")
    with app.database.transaction() as tx:
        old = own_agent(tx, caller, agent_id)
        new = replace(
            old,
            name=old.name if name is None else name,
            description=old.description if description is None else description,
            status=old.status if status is None else status,
            options={**old.options, **(options or {})},
            updated_ms=app.clock.now_ms(),
        )
        rules.refuse(_check(new))
        agents.update_agent(tx, new)
        if new.status != old.status:
            change = "activated" if new.status == "active" else "suspended"
            app.events.record(tx, AgentChanged(agent_id=new.id, change=change, by=caller.identity[1]))
    return new


def remove_agent(app: App, caller: Caller, *, agent_id: str) -> Agent:
    """Remove it with its keys; what it did stays on record under its id. Answers what it was. Raises AgentNotFound."""
    caller.must("manage_agents")
    with app.database.transaction() as tx:
        agent = own_agent(tx, caller, agent_id)
        if not agents.remove_agent(tx, agent.id):
            raise AgentNotFound(agent_id=agent.id)
        app.events.record(tx, AgentRemoved(agent_id=agent.id, username=caller.identity[1]))
    return agent


def block_agent(app: App, caller: Caller, *, agent_id: str, reason: str) -> Agent:
    """Stop anybody's agent, as an administrator, until it is unblocked. Raises AgentNotFound, NotAcceptable."""
    caller.must("administer")
    rules.refuse(rules.check_label(reason, what="reason"))
    return _set_blocked(app, caller, agent_id, reason=reason)


def unblock_agent(app: App, caller: Caller, *, agent_id: str) -> Agent:
    """Let it act again, as an administrator. Raises AgentNotFound."""
    caller.must("administer")
    return _set_blocked(app, caller, agent_id, reason=None)


def acting_agent(tx: Tx, caller: Caller, agent_id: str | None) -> str | None:
    """The agent that acts when a request names `agent_id`: one of the caller's, or the caller itself; None: no agent.

    Raises AgentNotFound, also for whoever holds a key for some skills; AgentMayNotAct, or AgentIsAnother for an agent
    that claims to be one.
    """
    if caller.agent_id is not None:
        if agent_id not in (None, caller.agent_id):
            raise AgentIsAnother(agent_id=caller.agent_id, named=_shown(agent_id or ""))
        return caller.agent_id
    if agent_id is None:
        return None
    if caller.slice_key_id is not None:
        raise AgentNotFound(agent_id=_shown(agent_id))
    agent = own_agent(tx, caller, agent_id)
    check_may_act(agent)
    return agent.id


def own_agent(tx: Tx, caller: Caller, agent_id: str) -> Agent:
    """Raises AgentNotFound, also for somebody else's."""
    user_id, _ = caller.identity
    agent = agents.find_agent(tx, agent_id) if rules.is_plain(agent_id) else None
    if agent is None or agent.user_id != user_id:
        raise AgentNotFound(agent_id=_shown(agent_id))
    return agent


def check_may_act(agent: Agent) -> None:
    """Raises AgentMayNotAct."""
    if not agent.may_act:
        why = "suspended" if agent.blocked_ms is None else f"blocked by an administrator: {agent.blocked_reason}"
        raise AgentMayNotAct(agent_id=agent.id, why=why)


def _set_blocked(app: App, caller: Caller, agent_id: str, *, reason: str | None) -> Agent:
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        old = agents.find_agent(tx, agent_id) if rules.is_plain(agent_id) else None
        if old is None:
            raise AgentNotFound(agent_id=_shown(agent_id))
        blocked_ms = None if reason is None else now_ms
        new = replace(old, blocked_ms=blocked_ms, blocked_reason=reason, updated_ms=now_ms)
        agents.update_agent(tx, new)
        change = "unblocked" if reason is None else "blocked"
        app.events.record(tx, AgentChanged(agent_id=new.id, change=change, by=caller.identity[1]))
    return new


def _check(agent: Agent) -> list[Fault]:
    faults = rules.check_label(agent.name, what="agent's name")
    is_text = all(character.isprintable() or character in "\n\t" for character in agent.description)
    if len(agent.description) > MAX_DESCRIPTION_CHARS or not is_text:
        message = f"the description is not up to {MAX_DESCRIPTION_CHARS} visible characters"
        faults.append(Fault(code="bad_text", message=message, hint="shorten it, and leave out control characters"))
    texts = [*agent.options, *(value for value in agent.options.values() if isinstance(value, str))]
    if len(texts) > _MOST_OPTIONS or any(rules.check_label(text, what="option") for text in texts):
        hint = f"options are up to {_MOST_OPTIONS} short words"
        faults.append(Fault(code="bad_options", message="the options cannot be kept", hint=hint))
    return faults


def _shown(agent_id: str) -> str:
    return agent_id[: rules.MAX_LABEL_CHARS]
