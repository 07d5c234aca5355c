"""Work that somebody asked for and that goes on after their request: in their name, with no more rights than then."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from skillyard.domain.accounts import store
from skillyard.domain.accounts.agents import acting_agent
from skillyard.domain.accounts.errors import AccountSuspended
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.infra.database import Tx


def on_behalf_of(tx: Tx, user_id: str, *, scopes: Collection[Scope], agent_id: str | None = None) -> Caller:
    """The caller as the request had it: with the roles of now, and never an administrator. `agent_id`: the agent of
    theirs that acts.

    Raises AccountSuspended, AgentNotFound or AgentMayNotAct.
    """
    user = store.get_user(tx, user_id)
    if user.is_suspended:
        raise AccountSuspended(username=user.username)
    person = Caller(
        user_id=user.id,
        username=user.username,
        scopes=frozenset(scopes) - {Scope.ADMIN},
        roles=store.list_roles(tx, user.id),
    )
    if agent_id is None:
        return person
    acting_agent(tx, person, agent_id)
    return replace(person, agent_id=agent_id)
