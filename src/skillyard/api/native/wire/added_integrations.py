"""Integrations that administrators add, on the wire: what is chosen of an OpenAPI document, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.native.wire.fields import Text, example
from skillyard.api.native.wire.integrations import Group, SignInWay, show_groups
from skillyard.domain.gateway.catalog.added import Added
from skillyard.domain.gateway.catalog.integration import OAuth, SecretPlace, Way
from skillyard.domain.gateway.catalog.openapi.choices import Choices
from skillyard.domain.gateway.catalog.openapi.text import MAX_BYTES
from skillyard.domain.gateway.catalog.yaml_values import MAX_BYTES as MAX_FILE_BYTES

Address = Annotated[str, StringConstraints(max_length=2000)]
Document = Annotated[str, StringConstraints(max_length=MAX_BYTES)]
KeyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
KeyFormat = Annotated[str, StringConstraints(max_length=100, pattern=r"^[!-~ ]*\{secret\}[!-~ ]*$")]
_LINE = {"name": "list_pets", "summary": "List all pets", "effect": "read", "required": []}
_ADDED: dict[str, Any] = {
    "slug": "acme",
    "title": "Acme",
    "description": "The API of Acme.",
    "version": 1,
    "base_url": "https://api.acme.example/v1",
    "ways": [{"kind": "api_key", "hint": ""}],
    "groups": [{"slug": "pets", "title": "Pets", "endpoints": [_LINE]}],
    "notes": ["PUT /pets/{id}/photo: left out: its body is multipart/form-data, and only JSON and forms are sent"],
}


class SignInBody(BaseModel):
    """How to sign in, in place of what the document says."""

    model_config = example({"kind": "api_key", "name": "x-api-key", "format": "{secret}"}, closed=True)

    kind: Literal["api_key", "oauth2", "client_credentials", "basic", "none"]
    where: Literal["header", "query"] = Field(default="header", description="Where a key stands in a request.")
    name: KeyName = Field(default="authorization", description="Of the header or parameter that has the key.")
    format: KeyFormat | None = Field(default=None, description="What stands there, as `Token {secret}`.")
    authorize_url: Address = Field(default="", description="Where people sign in, for `oauth2`.")
    token_url: Address = Field(default="", description="Where tokens come from.")
    scopes: list[Text] = Field(default_factory=list, max_length=40)


class AddIntegrationBody(BaseModel):
    model_config = example(
        {
            "slug": "acme",
            "url": "https://api.acme.example/openapi.json",
            "only": ["GET /pets/*", "tag:orders"],
            "rename": {"listPets": "list_pets"},
            "sign_in": {"kind": "api_key", "name": "x-api-key", "format": "{secret}"},
        },
        closed=True,
    )

    slug: Text = Field(description="Its name in addresses and permissions.")
    url: Address = Field(default="", description="Where the document is; or, beside a document, where it is from.")
    document: Document | None = Field(default=None, description="The document itself, JSON or YAML as text.")
    only: list[Text] = Field(
        default_factory=list,
        max_length=300,
        description="Which operations: `GET /pets/*`, `/pets/*`, `tag:orders` or ids; else all.",
    )
    rename: dict[Text, Text] = Field(default_factory=dict, max_length=300, description="New names by old ones or ids.")
    sign_in: SignInBody | None = None
    base_url: Address = Field(default="", description="Where the API is, in place of what the document says.")
    title: Text = ""
    dry_run: bool = Field(default=False, description="Show what would come of it, and add nothing.")

    @property
    def document_bytes(self) -> bytes | None:
        return None if self.document is None else self.document.encode("utf-8", "replace")


class IntegrationFileBody(BaseModel):
    model_config = example({"text": "integration: acme\nversion: 1\ntitle: Acme\n…"}, closed=True)

    text: Annotated[str, StringConstraints(max_length=MAX_FILE_BYTES)] = Field(description="YAML.")


class AddedIntegration(BaseModel):
    model_config = example(_ADDED)

    slug: str
    title: str
    description: str
    version: int
    base_url: str
    ways: list[SignInWay]
    groups: list[Group]
    notes: list[str] = Field(description="What was left out or made simpler, and why.")


class RemovedIntegration(BaseModel):
    model_config = example({"slug": "acme"})

    slug: str


def choices_of(body: AddIntegrationBody) -> Choices:
    return Choices(
        only=tuple(body.only),
        renames=body.rename,
        ways=(_way(body.sign_in),) if body.sign_in else (),
        base_url=body.base_url,
        title=body.title,
    )


def show_added(added: Added) -> AddedIntegration:
    one = added.integration
    return AddedIntegration(
        slug=one.slug,
        title=one.title,
        description=one.description,
        version=one.version,
        base_url=one.base_url,
        ways=[SignInWay(kind=way.kind, hint=way.hint) for way in one.ways],
        groups=show_groups(one),
        notes=list(added.notes),
    )


def _way(body: SignInBody) -> Way:
    """Bearer tokens unless another format is given; a key in a header or parameter of its own stands there alone."""
    if body.kind in ("oauth2", "client_credentials"):
        oauth = OAuth(token_url=body.token_url, authorize_url=body.authorize_url, scopes=tuple(body.scopes))
        return Way(kind=body.kind, oauth=oauth)
    if body.kind == "api_key":
        usual = "Bearer {secret}" if body.name.lower() == "authorization" else "{secret}"
        name = body.name.lower() if body.where == "header" else body.name
        return Way(kind="api_key", place=SecretPlace(where=body.where, name=name, format=body.format or usual))
    return Way(kind=body.kind, place=SecretPlace(format="Basic {secret}")) if body.kind == "basic" else Way(kind="none")
