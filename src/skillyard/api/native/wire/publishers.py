"""Trusted publishers on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.accounts.publisher import PublisherToken, TrustedPublisher
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_CLAIMS = {"repository": "acme/skills", "workflow_ref": "acme/skills/.github/workflows/release.yml"}
_ADD = {"issuer": "https://token.actions.githubusercontent.com", "claims": _CLAIMS, "slug": "pdf"}
_PUBLISHER = {
    "id": "pub_01jd0000000000000000000000",
    "namespace": "acme",
    "skill": "acme/pdf",
    "issuer": "https://token.actions.githubusercontent.com",
    "claims": _CLAIMS,
    "lasting": {"repository_id": "4711", "repository_owner_id": "42"},
    "added_by": "ada",
    "added_at": "2026-11-21T07:00:00.000Z",
    "last_used_at": "2026-11-21T07:30:00.000Z",
}

IdTokenText = Annotated[str, StringConstraints(max_length=16_000), Field(json_schema_extra={"format": "password"})]
Claim = Annotated[str, StringConstraints(max_length=500)]


class AddPublisherBody(BaseModel):
    model_config = example(_ADD, closed=True)

    issuer: Claim = Field(description="The claim `iss` of its ID tokens, to the letter.")
    claims: dict[Claim, Claim] = Field(
        max_length=20,
        description="What its ID tokens must say, to the letter. For GitHub at least `repository` and `workflow_ref`,"
        " for GitLab `project_path` and `ci_config_ref_uri`; a workflow without `@refs/…` counts at every ref.",
    )
    slug: Text | None = Field(default=None, description="The one skill that it may publish; all when left out.")


class PublisherOnWire(BaseModel):
    model_config = example(_PUBLISHER)

    id: str
    namespace: str
    skill: str | None = Field(description="The one skill that it may publish; null: all of the namespace.")
    issuer: str
    claims: dict[str, str]
    lasting: dict[str, str] = Field(description="Ids that its first use had, and that all others must have.")
    added_by: str
    added_at: Time
    last_used_at: Time | None


class PublishersPage(BaseModel):
    model_config = example({"items": [_PUBLISHER], "next_cursor": None})

    items: list[PublisherOnWire]
    next_cursor: str | None


class ExchangeBody(BaseModel):
    model_config = example({"token": "eyJhbGciOiJSUzI1NiIsImtpZCI6…", "target": "acme/pdf"}, closed=True)

    token: IdTokenText = Field(description="An ID token for this registry's address as audience; good once.")
    target: Text | None = Field(
        default=None, description="The skill, or the namespace, to publish; needed where the token fits several."
    )


class PublisherTokenOnWire(BaseModel):
    model_config = example(
        {
            "access_token": "sky_tp_…",
            "expires_at": "2026-11-21T07:15:00.000Z",
            "target": "acme/pdf",
            "identity": "acme/skills (GitHub Actions)",
            "publisher_id": _PUBLISHER["id"],
        }
    )

    access_token: str = Field(description="Send it as `Authorization: Bearer …`; shown this once.")
    expires_at: Time
    target: str = Field(description="What it may publish: a skill, or a namespace with all its skills.")
    identity: str = Field(description="What releases will name as their publisher.")
    publisher_id: str


def show_publisher(publisher: TrustedPublisher) -> PublisherOnWire:
    return PublisherOnWire(
        id=publisher.id,
        namespace=publisher.namespace,
        skill=publisher.skill,
        issuer=publisher.issuer,
        claims=dict(publisher.claims),
        lasting=dict(publisher.lasting),
        added_by=publisher.added_by,
        added_at=iso(publisher.added_ms),
        last_used_at=None if publisher.last_used_ms is None else iso(publisher.last_used_ms),
    )


def show_publishers(page: Page[TrustedPublisher]) -> PublishersPage:
    return PublishersPage(items=[show_publisher(item) for item in page.items], next_cursor=page.next_cursor)


def show_publisher_token(token: PublisherToken) -> PublisherTokenOnWire:
    return PublisherTokenOnWire(
        access_token=token.secret,
        expires_at=iso(token.expires_ms),
        target=token.target,
        identity=token.identity,
        publisher_id=token.publisher_id,
    )
