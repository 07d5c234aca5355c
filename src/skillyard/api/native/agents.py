"""Programs that act for the caller, and the keys with which they sign in."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import agents as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.accounts import agent_keys, agents

router = APIRouter(tags=["agents"])


@router.get("/agents", summary="My agents")
def list_agents(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.AgentsPage:
    """The oldest first."""
    return wire.show_agents(agents.list_agents(app, caller, limit=limit, cursor=cursor))


@router.post("/agents", status_code=201, summary="Register an agent")
def register_agent(app: AppOf, caller: CallerOf, body: wire.RegisterAgentBody) -> wire.AgentOnWire:
    """A program that acts for you: it may read, run, invoke and deliver as you, once a key is enrolled for it."""
    return wire.show_agent(agents.register_agent(app, caller, name=body.name, description=body.description))


@router.get("/agents/{agent_id}", summary="One of my agents")
def get_agent(app: AppOf, caller: CallerOf, agent_id: str) -> wire.AgentOnWire:
    """Also says whether an administrator blocks it."""
    return wire.show_agent(agents.get_agent(app, caller, agent_id=agent_id))


@router.patch("/agents/{agent_id}", summary="Change, suspend or activate an agent")
def update_agent(app: AppOf, caller: CallerOf, agent_id: str, body: wire.UpdateAgentBody) -> wire.AgentOnWire:
    """What is left out stays as it is. A suspended agent cannot act until it is active again."""
    changed = agents.update_agent(
        app, caller, agent_id=agent_id, name=body.name, description=body.description, status=body.status
    )
    return wire.show_agent(changed)


@router.delete("/agents/{agent_id}", summary="Remove an agent")
def remove_agent(app: AppOf, caller: CallerOf, agent_id: str) -> wire.RemovedAgent:
    """Its keys are void at once; what it did stays on record under its id."""
    return wire.RemovedAgent(details=wire.show_agent(agents.remove_agent(app, caller, agent_id=agent_id)))


@router.post("/agents/{agent_id}/challenges", status_code=201, summary="Ask for a challenge")
def create_agent_challenge(app: AppOf, caller: CallerOf, agent_id: str) -> wire.ChallengeOnWire:
    """A text that the agent signs with a new key, within five minutes, to have the key enrolled."""
    return wire.show_challenge(agent_keys.ask_for_challenge(app, caller, agent_id=agent_id))


@router.get("/agents/{agent_id}/keys", summary="Keys of an agent")
def list_agent_keys(app: AppOf, caller: CallerOf, agent_id: str) -> wire.AgentKeys:
    """Those that are good now, the oldest first; at most ten."""
    return wire.show_keys(agent_keys.list_keys(app, caller, agent_id=agent_id))


@router.post("/agents/{agent_id}/keys", status_code=201, summary="Enroll a key")
def enroll_agent_key(app: AppOf, caller: CallerOf, agent_id: str, body: wire.EnrollKeyBody) -> wire.AgentKeyOnWire:
    """The agent then signs a bearer for each request: a JWT with EdDSA, `iss` stack-sdk, `aud` stack:agent, `sub` its
    id, a `jti` of its own, good for a minute and once."""
    key = agent_keys.enroll_key(
        app,
        caller,
        agent_id=agent_id,
        public_key=body.public_key.x,
        challenge_id=body.challenge_id,
        signed_challenge=body.signed_challenge,
    )
    return wire.show_key(key)


@router.delete("/agents/{agent_id}/keys/{key_id}", summary="Remove a key")
def remove_agent_key(app: AppOf, caller: CallerOf, agent_id: str, key_id: str) -> wire.RemovedAgentKey:
    """Void at once."""
    gone = agent_keys.remove_key(app, caller, agent_id=agent_id, key_id=key_id)
    return wire.RemovedAgentKey(details=wire.show_key(gone))


@router.put("/admin/agents/{agent_id}/block", summary="Block an agent")
def block_agent(app: AppOf, caller: CallerOf, agent_id: str, body: wire.BlockAgentBody) -> wire.AgentOnWire:
    """For administrators. It cannot act, whatever its owner does."""
    return wire.show_agent(agents.block_agent(app, caller, agent_id=agent_id, reason=body.reason))


@router.delete("/admin/agents/{agent_id}/block", summary="Unblock an agent")
def unblock_agent(app: AppOf, caller: CallerOf, agent_id: str) -> wire.AgentOnWire:
    """For administrators."""
    return wire.show_agent(agents.unblock_agent(app, caller, agent_id=agent_id))
