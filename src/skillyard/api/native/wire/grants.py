"""Consent on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.gateway.consent.consent import approve_url
from skillyard.domain.gateway.consent.grant import Difference, Grant, Need, Needs
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_DIGEST = "sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"
_GRANT = {
    "id": "grant_01k0000000000000000000000a",
    "skill": "ada/bug-bot",
    "version": "1.0.0",
    "digest": _DIGEST,
    "action": "github.create_issue",
    "limits": {"repo": ["acme/*"]},
    "connection": None,
    "expires_at": None,
    "is_over": False,
    "created_at": "2026-11-21T07:00:00.000Z",
}
_DIFFERENCE = {"since": "1.0.0", "may_newly": [], "changed": ["SKILL.md"], "added": [], "removed": []}
_NEED = {
    "action": "github.create_issue",
    "summary": "Open an issue",
    "effect": "write",
    "state": "granted",
    "params": ["repo", "title", "body"],
    "grant": _GRANT,
}
_NEEDS = {
    "skill": "ada/bug-bot",
    "version": "1.0.0",
    "digest": _DIGEST,
    "needs": [_NEED],
    "difference": None,
    "unconnected": [],
    "approve_url": "https://skills.example/grants/approve?skill=ada/bug-bot&version=1.0.0",
}

Effect = Literal["read", "write", "destructive"]
State = Literal["granted", "stale", "ended", "missing", "unknown"]
Digest = Annotated[Text, Field(description="Of the content that you looked at; another one is refused.")]
Limits = Annotated[
    dict[str, list[str]],
    Field(
        description="Patterns by parameter, or by a path into one (`fields.project.key`), in which `*` stands for any"
        " characters. All that is given there must match one of them, whole: texts as they are, other values as JSON"
        " writes them; what is left out does not match."
    ),
]


class GiveGrantBody(BaseModel):
    model_config = example(
        {"skill": "ada/bug-bot", "version": "1.0.0", "action": "github.create_issue", "limits": {"repo": ["acme/*"]}},
        closed=True,
    )

    skill: Text
    version: Text | None = Field(default=None, description="Or a channel; the newest one.")
    action: Text = Field(description="`github.create_issue`; `github.*`: all that reads or writes, none that destroys.")
    limits: Limits = Field(default_factory=dict)
    connection: Text | None = Field(default=None, description="Only for this account; else for your default one.")
    expires_in_s: int | None = Field(default=None, description="How long it counts; else until it is revoked.")
    digest: Digest | None = None


class ApproveBody(BaseModel):
    model_config = example({"skill": "ada/bug-bot", "version": "1.1.0", "digest": _DIGEST}, closed=True)

    skill: Text
    version: Text
    digest: Digest


class AskGatewayBody(BaseModel):
    model_config = example(
        {
            "digest": _DIGEST,
            "method": "POST",
            "path": "/v1/github/create_issue",
            "body": {"params": {"repo": "acme/webapp", "title": "Bug"}},
        },
        closed=True,
    )

    digest: Text = Field(description="Of the content that runs.")
    method: Literal["GET", "POST"]
    path: Text
    body: dict[str, Any] = Field(default_factory=dict)


class GatewayAnswer(BaseModel):
    model_config = example({"status": 200, "body": {"status": 201, "data": {"number": 7}, "meta": {}}})

    status: int = Field(description="What the program gets as HTTP status.")
    body: dict[str, Any] = Field(description="What the program gets, also when it is refused.")


class GrantOnWire(BaseModel):
    model_config = example(_GRANT)

    id: str
    skill: str
    version: str
    digest: str = Field(description="Of the content that it is for.")
    action: str
    limits: dict[str, list[str]]
    connection: str | None = Field(description="The account that it is for; null: your default one.")
    expires_at: Time | None
    is_over: bool
    created_at: Time


class Grants(BaseModel):
    model_config = example({"items": [_GRANT]})

    items: list[GrantOnWire]


class GrantsPage(BaseModel):
    model_config = example({"items": [_GRANT], "next_cursor": None})

    items: list[GrantOnWire]
    next_cursor: str | None


class RevokedGrant(BaseModel):
    model_config = example({"revoked": True, "details": _GRANT})

    revoked: bool = True
    details: GrantOnWire


class DifferenceOnWire(BaseModel):
    model_config = example(_DIFFERENCE)

    since: str = Field(description="The version that was granted.")
    may_newly: list[str] = Field(description="What it declares beyond that, each to be read after “it may”.")
    changed: list[str]
    added: list[str]
    removed: list[str]


class NeedOnWire(BaseModel):
    model_config = example(_NEED)

    action: str
    summary: str
    effect: Effect | None = Field(description="Null when there is no such endpoint here.")
    state: State = Field(description="Stale: granted to another content. Unknown: there is no such endpoint here.")
    params: list[str] = Field(description="What the endpoint is called with, for limits.")
    grant: GrantOnWire | None


class NeedsOnWire(BaseModel):
    model_config = example(_NEEDS)

    skill: str
    version: str
    digest: str
    needs: list[NeedOnWire]
    difference: DifferenceOnWire | None = Field(description="From what was granted, if something is stale.")
    unconnected: list[str] = Field(description="Integrations among them at which you have no account yet.")
    approve_url: str = Field(description="The page where a person sees all this, and consents.")


def show_grant(grant: Grant, *, now_ms: int) -> GrantOnWire:
    return GrantOnWire(
        id=grant.id,
        skill=grant.name,
        version=grant.version,
        digest=grant.digest,
        action=grant.action,
        limits={path: list(patterns) for path, patterns in grant.limits.items()},
        connection=grant.connection_id,
        expires_at=iso(grant.expires_ms) if grant.expires_ms is not None else None,
        is_over=grant.is_over(now_ms),
        created_at=iso(grant.created_ms),
    )


def show_grants(found: Sequence[Grant], *, now_ms: int) -> Grants:
    return Grants(items=[show_grant(one, now_ms=now_ms) for one in found])


def show_page(page: Page[Grant], *, now_ms: int) -> GrantsPage:
    return GrantsPage(items=[show_grant(one, now_ms=now_ms) for one in page.items], next_cursor=page.next_cursor)


def show_needs(found: Needs, *, address: str, now_ms: int) -> NeedsOnWire:
    return NeedsOnWire(
        skill=found.name,
        version=found.version,
        digest=found.digest,
        needs=[_show_need(need, now_ms=now_ms) for need in found.needs],
        difference=_show_difference(found.difference) if found.difference else None,
        unconnected=list(found.unconnected),
        approve_url=approve_url(address, found.name, found.version),
    )


def _show_need(need: Need, *, now_ms: int) -> NeedOnWire:
    return NeedOnWire(
        action=need.action,
        summary=need.summary,
        effect=need.effect,
        state=need.state,
        params=list(need.params),
        grant=show_grant(need.grant, now_ms=now_ms) if need.grant else None,
    )


def _show_difference(one: Difference) -> DifferenceOnWire:
    return DifferenceOnWire(
        since=one.since,
        may_newly=list(one.may_newly),
        changed=list(one.changed),
        added=list(one.added),
        removed=list(one.removed),
    )
