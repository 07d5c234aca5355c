"""Calls of skills that people run on their own machines: with the consent that a run here would need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.consent.consent import Content, permissions_of
from skillyard.domain.gateway.consent.grant_errors import GrantForOtherContent
from skillyard.domain.gateway.consent.skill_gateway import Acting, SkillGateway
from skillyard.domain.registry.runnable import find_runnable
from skillyard.sandbox.service import ServiceRequest
from skillyard.skill.names import SkillName

LOCAL = "local"
"""In place of a run, in the list of calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An HTTP status and a JSON object, for the program."""

    status: int
    body: dict[str, Any]


def answer_for(
    app: App,
    caller: Caller,
    *,
    name: SkillName,
    version: str,
    digest: str,
    method: str,
    path: str,
    body: Mapping[str, Any],
) -> Said:
    """What a program of the release, run by the caller, gets for what it asks of the gateway; it acts for the caller.

    Raises GrantForOtherContent when what runs there is not what the registry has, and what `find_runnable` raises.
    """
    caller.must("call_integrations")
    owner_id, _ = caller.identity
    release = find_runnable(app, caller, name=name, version=version)
    if release.digest != digest:
        raise GrantForOtherContent(name=release.name, version=release.version)
    acting = Acting(
        run_id=LOCAL,
        owner_id=owner_id,
        content=Content(name=release.name, version=release.version, digest=release.digest),
        declared=tuple(text for text in permissions_of(release).integrations if _reaches(caller, text)),
        token_id=caller.token_id,
    )
    request = ServiceRequest(method=method, path=path, body=orjson.dumps(dict(body)))
    answer = SkillGateway(app, acting).answer(request)
    return Said(status=answer.status, body=orjson.loads(answer.body))


def _reaches(caller: Caller, action: str) -> bool:
    return caller.reaches_integration(action.partition(".")[0])
