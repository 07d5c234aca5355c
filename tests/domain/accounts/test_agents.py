"""Programs that act for a person."""

from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.agents import (
    MOST_AGENTS,
    acting_agent,
    block_agent,
    get_agent,
    list_agents,
    register_agent,
    remove_agent,
    unblock_agent,
    update_agent,
)
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import (
    AdministratorsOnly,
    AgentMayNotAct,
    AgentNotFound,
    NotAcceptable,
    ScopeMissing,
    TooManyAgents,
)
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from tests.makers import a_person


@pytest.fixture
def ada(app: App) -> Caller:
    """The administrator."""
    return a_person(app, "ada")


@pytest.fixture
def eve(app: App, ada: Caller) -> Caller:
    return a_person(app, "eve")


def acting(app: App, caller: Caller, agent_id: str | None) -> str | None:
    with app.database.reading() as tx:
        return acting_agent(tx, caller, agent_id)


def test_an_agent_is_registered_changed_and_removed(app: App, eve: Caller) -> None:
    agent = register_agent(app, eve, name="scout", description="Looks\naround.", options={"key_mode": "own"})
    changed = update_agent(app, eve, agent_id=agent.id, name="ranger", options={"llm_redact_pii": False})
    assert (changed.name, changed.description) == ("ranger", "Looks\naround.")
    assert changed.options == {"key_mode": "own", "llm_redact_pii": False}
    assert list_agents(app, eve).items == (get_agent(app, eve, agent_id=agent.id),) == (changed,)
    assert remove_agent(app, eve, agent_id=agent.id) == changed
    assert list_agents(app, eve).items == ()
    with pytest.raises(AgentNotFound):
        remove_agent(app, eve, agent_id=agent.id)


def test_nobody_else_sees_or_changes_an_agent(app: App, ada: Caller, eve: Caller) -> None:
    agent = register_agent(app, eve, name="scout")
    for agent_id in (agent.id, "agt_none", "\x00", "x" * 1000):
        with pytest.raises(AgentNotFound):
            get_agent(app, ada, agent_id=agent_id)
        with pytest.raises(AgentNotFound):
            update_agent(app, ada, agent_id=agent_id, status="suspended")
        with pytest.raises(AgentNotFound):
            remove_agent(app, ada, agent_id=agent_id)
        with pytest.raises(AgentNotFound):
            acting(app, ada, agent_id)
    assert list_agents(app, ada).items == ()


def test_a_suspended_agent_does_not_act(app: App, eve: Caller) -> None:
    agent = register_agent(app, eve, name="scout")
    assert acting(app, eve, agent.id) == agent.id
    assert acting(app, eve, None) is None
    update_agent(app, eve, agent_id=agent.id, status="suspended")
    with pytest.raises(AgentMayNotAct, match="is suspended"):
        acting(app, eve, agent.id)
    update_agent(app, eve, agent_id=agent.id, status="active")
    assert acting(app, eve, agent.id) == agent.id


def test_an_administrator_blocks_and_only_one_unblocks(app: App, ada: Caller, eve: Caller) -> None:
    agent = register_agent(app, eve, name="scout")
    assert block_agent(app, ada, agent_id=agent.id, reason="it sends spam").blocked_ms is not None
    update_agent(app, eve, agent_id=agent.id, status="active")
    with pytest.raises(AgentMayNotAct, match="blocked by an administrator: it sends spam"):
        acting(app, eve, agent.id)
    with pytest.raises(AdministratorsOnly):
        unblock_agent(app, eve, agent_id=agent.id)
    assert unblock_agent(app, ada, agent_id=agent.id).may_act
    for agent_id in ("agt_none", "\ud800"):
        with pytest.raises(AgentNotFound):
            block_agent(app, ada, agent_id=agent_id, reason="why not")


def test_what_cannot_be_kept_is_refused_at_once(app: App, eve: Caller) -> None:
    with pytest.raises(NotAcceptable) as refused:
        register_agent(app, eve, name="\x00", description="\ud800", options={"": True})
    assert [fault["code"] for fault in refused.value.faults] == ["bad_text", "bad_text", "bad_options"]
    with pytest.raises(NotAcceptable):
        register_agent(app, eve, name="x" * 101)


def test_a_narrow_token_manages_no_agents(app: App, eve: Caller) -> None:
    reader = authenticate(app, create_token(app, eve, name="ci", scopes=[Scope.READ]).secret)
    with pytest.raises(ScopeMissing):
        register_agent(app, reader, name="scout")
    assert list_agents(app, reader).items == ()


def test_there_is_an_end_to_the_number_of_agents(app: App, eve: Caller) -> None:
    for number in range(MOST_AGENTS):
        register_agent(app, eve, name=f"scout {number}")
    with pytest.raises(TooManyAgents):
        register_agent(app, eve, name="one more")
    first = list_agents(app, eve, limit=60)
    rest = list_agents(app, eve, limit=60, cursor=first.next_cursor)
    assert len({agent.id for agent in (*first.items, *rest.items)}) == MOST_AGENTS
