"""Agents, and the keys with which they sign in, as far as invoking needs them."""

from __future__ import annotations

from skillyard.api.foreign import SignedIn
from skillyard.api.stack.signed import signed_router
from skillyard.api.stack.wire import agents as wire
from skillyard.api.surface import AppOf
from skillyard.domain.accounts import agent_keys, agents

router = signed_router("agents")

_AGENT = "/v1/agents/{agent_id}"


@router.post("/v1/agents/register", status_code=201, summary="Register an agent")
def register_agent(app: AppOf, caller: SignedIn, body: wire.RegisterBody) -> wire.AgentOnWire:
    """It may read, run, invoke and deliver as its operator, once a key is enrolled for it."""
    agent = agents.register_agent(
        app, caller, name=body.name, description=body.description or "", options=body.options()
    )
    return wire.show_agent(agent)


@router.get("/v1/agents", summary="My agents")
def list_agents(app: AppOf, caller: SignedIn) -> list[wire.AgentOnWire]:
    """All, the oldest first."""
    return [wire.show_agent(agent) for agent in agents.list_agents(app, caller, limit=agents.MOST_AGENTS).items]


@router.get(_AGENT, summary="One of my agents")
def get_agent(app: AppOf, caller: SignedIn, agent_id: str) -> wire.AgentOnWire:
    """Also says whether an administrator blocks it."""
    return wire.show_agent(agents.get_agent(app, caller, agent_id=agent_id))


@router.patch(_AGENT, summary="Change, suspend or activate an agent")
def update_agent(app: AppOf, caller: SignedIn, agent_id: str, body: wire.UpdateAgentBody) -> wire.AgentOnWire:
    """What is left out stays as it is."""
    changed = agents.update_agent(
        app,
        caller,
        agent_id=agent_id,
        name=body.name,
        description=body.description,
        status=body.status,
        options=body.options(),
    )
    return wire.show_agent(changed)


@router.delete(_AGENT, summary="Remove an agent")
def delete_agent(app: AppOf, caller: SignedIn, agent_id: str) -> wire.DeletedAgent:
    """With its keys; what it did stays on record."""
    return wire.DeletedAgent(id=agents.remove_agent(app, caller, agent_id=agent_id).id)


@router.post(f"{_AGENT}/unblock", summary="Unblock an agent")
def unblock_agent(app: AppOf, caller: SignedIn, agent_id: str) -> wire.AgentOnWire:
    """For administrators, who block them."""
    return wire.show_agent(agents.unblock_agent(app, caller, agent_id=agent_id))


@router.post(f"{_AGENT}/enrollment-challenge", status_code=201, summary="Ask for a challenge")
def ask_for_challenge(app: AppOf, caller: SignedIn, agent_id: str) -> wire.ChallengeOnWire:
    """A text to sign with the new key within five minutes."""
    return wire.show_challenge(agent_keys.ask_for_challenge(app, caller, agent_id=agent_id))


@router.post(f"{_AGENT}/enroll", status_code=201, summary="Enroll a key")
def enroll_key(app: AppOf, caller: SignedIn, agent_id: str, body: wire.EnrollBody) -> wire.EnrolledKey:
    """From then on the agent signs a bearer for each request with it."""
    key = agent_keys.enroll_key(
        app,
        caller,
        agent_id=agent_id,
        public_key=body.public_key.x,
        challenge_id=body.challenge_id,
        signed_challenge=body.signed_challenge,
    )
    return wire.show_key(key)
