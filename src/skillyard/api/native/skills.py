"""Skills: one of them, its visibility, deprecation and channels."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.native.answers import json_answer
from skillyard.api.native.wire import skills as wire
from skillyard.api.native.wire.releases import DeprecationBody
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.registry import channels, deprecate, skill, visibility
from skillyard.skill.names import SkillName

router = APIRouter(tags=["skills"])


@router.get("/skills/{namespace}/{slug}", summary="One skill", response_model=wire.SkillOnWire)
def get_skill(request: Request, app: AppOf, caller: CallerOf, namespace: str, slug: str) -> Response:
    """With its readme, its channels and its latest release."""
    page = skill.get_skill(app, caller, name=SkillName(namespace, slug))
    shown = wire.show_skill(page, app.settings.address)
    return json_answer(request, shown, is_open=page.skill.visibility.is_open)


@router.patch("/skills/{namespace}/{slug}", summary="Change who may see a skill")
def update_skill(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, body: wire.UpdateSkillBody
) -> wire.SkillOnWire:
    """For maintainers. Counts for the skill with all its releases, at once."""
    name = SkillName(namespace, slug)
    page = visibility.set_visibility(app, caller, name=name, visibility=body.visibility)
    return wire.show_skill(page, app.settings.address)


@router.put("/skills/{namespace}/{slug}/deprecation", summary="Advise against a skill")
def deprecate_skill(app: AppOf, caller: CallerOf, namespace: str, slug: str, body: DeprecationBody) -> wire.SkillOnWire:
    """For maintainers. It stays installable; whoever installs it reads the message."""
    page = deprecate.deprecate_skill(app, caller, name=SkillName(namespace, slug), message=body.message)
    return wire.show_skill(page, app.settings.address)


@router.delete("/skills/{namespace}/{slug}/deprecation", summary="Take the advice against a skill back")
def undeprecate_skill(app: AppOf, caller: CallerOf, namespace: str, slug: str) -> wire.SkillOnWire:
    """For maintainers."""
    page = deprecate.undeprecate_skill(app, caller, name=SkillName(namespace, slug))
    return wire.show_skill(page, app.settings.address)


@router.put("/skills/{namespace}/{slug}/channels/{channel}", summary="Point a channel to a version")
def set_channel(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, channel: str, body: wire.SetChannelBody
) -> wire.SkillOnWire:
    """For maintainers. Publishing and yanking move channels by themselves; this is for going back, or for promoting."""
    name = SkillName(namespace, slug)
    page = channels.set_channel(app, caller, name=name, channel=channel, version=body.version)
    return wire.show_skill(page, app.settings.address)


@router.delete("/skills/{namespace}/{slug}/channels/{channel}", summary="Remove a channel")
def remove_channel(app: AppOf, caller: CallerOf, namespace: str, slug: str, channel: str) -> wire.SkillOnWire:
    """For maintainers. `latest` stays."""
    page = channels.remove_channel(app, caller, name=SkillName(namespace, slug), channel=channel)
    return wire.show_skill(page, app.settings.address)
