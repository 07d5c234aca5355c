"""What an integration is: an outside API as one data file describes it, without anything of ours or of its users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Effect = Literal["read", "write", "destructive"]
Where = Literal["path", "query", "header", "body"]
BodyKind = Literal["none", "json", "form", "graphql"]
WayKind = Literal["oauth2", "api_key", "basic", "client_credentials", "none"]
PagingKind = Literal["link", "cursor", "page", "offset"]
Style = Literal["repeat", "comma", "space", "pipe", "brackets", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """Where and how people sign in (RFC 6749), or, without `authorize_url`, where a client signs in for itself.

    `refresh`: whether a refresh token `rotates` with each use, is one that it `keeps`, or there is `none`.
    `token_path`: where the access token is in the answer. `authorize_params`: what else this provider wants to be told.
    `revoke_url`: where tokens are taken back, as RFC 7009 has it; with `{client_id}` in it, as GitHub does.
    """

    token_url: str
    authorize_url: str = ""
    revoke_url: str = ""
    issuer: str = ""
    pkce: bool = True
    client_auth: Literal["body", "basic"] = "body"
    scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    authorize_params: Mapping[str, str] = field(default_factory=dict)
    token_path: tuple[str, ...] = ("access_token",)
    refresh: Literal["rotates", "keeps", "none"] = "keeps"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPlace:
    """Where the secret stands in a request: `format` is the value of the header or query parameter, with `{secret}`."""

    where: Literal["header", "query"] = "header"
    name: str = "authorization"
    format: str = "Bearer {secret}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to sign in. `hint`: where people find such a key."""

    kind: WayKind
    place: SecretPlace = SecretPlace()
    oauth: OAuth | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A call without parameters that says whose account it is: paths into its answer, `("user", "login")`."""

    path: str
    id: tuple[str, ...]
    label: tuple[str, ...]
    method: str = "GET"
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How it tells of limits and failures. Header names in lower case; `reset` is in seconds since 1970 (`unix`) or
    from now (`seconds`). `failed_if`: values in an answer of status 200 that mean it failed, such as `ok: false`;
    `failure`: the path to what went wrong; `rejected`: such failures that mean the token is not good (any more).
    """

    limited_statuses: tuple[int, ...] = (429,)
    limit: str = ""
    remaining: str = ""
    reset: str = ""
    reset_is: Literal["unix", "seconds"] = "unix"
    request_id: str = ""
    failed_if: Mapping[str, Any] = field(default_factory=dict)
    failure: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One parameter: `schema` is its JSON Schema (with a description), `name_there` its name in the request.

    In a path, `keeps_slashes` lets `acme/webapp` stand for two parts, and `encodes_slashes` for one, `acme%2Fwebapp`;
    else slashes are refused. In a body, `name_there` may be a path into it, `fields.summary`, and is empty where the
    value is the whole body. `fixed`: what is always sent, and nobody gives.
    `style` is how lists and objects stand in a query or a form: `tag=a&tag=b` (repeat), `tag=a,b` (comma; `space` and
    `pipe` likewise), `tag[]=a` and `created[gte]=5`, at any depth (brackets), or as JSON.
    """

    name: str
    where: Where
    schema: Mapping[str, Any]
    name_there: str
    is_required: bool = False
    keeps_slashes: bool = False
    encodes_slashes: bool = False
    style: Style = "repeat"
    fixed: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """`link`: the next page is in the Link header (RFC 8288). `cursor`: its cursor is at `next_at` in the answer.
    `page`: pages are counted; `offset`: what stands on them is, from 0. `param` is the parameter that asks for a page;
    `more_at`: what says that there is one. `items_at`: where a page's list is in the answer, unless that is the list.
    """

    kind: PagingKind
    param: str
    next_at: tuple[str, ...] = ()
    more_at: tuple[str, ...] = ()
    items_at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    title: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One thing that can be asked of it. `schema`: that of all parameters together, as callers give them; it allows
    no others. `graphql`: the query, whose variables are the parameters of the body. `prepare`: a function of
    `preparing.py` that makes the body where data cannot say it. `idempotency_header`: makes a write safe to repeat.
    `answers_bytes`: what comes back is a file.
    """

    name: str
    group: str
    summary: str
    method: str
    path: str
    effect: Effect
    params: tuple[Param, ...]
    schema: Mapping[str, Any]
    description: str = ""
    scopes: tuple[str, ...] = ()
    body: BodyKind = "none"
    headers: Mapping[str, str] = field(default_factory=dict)
    graphql: str = ""
    prepare: str = ""
    idempotency_header: str = ""
    answers_bytes: bool = False
    paging: Paging | None = None
    examples: tuple[Example, ...] = ()
    docs_url: str = ""
    operation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a description comes from, and under which licence."""

    description: str
    version: str
    licence: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """`base_url` may hold `{variables}`, which each connection fills in; `variables`: their JSON Schemas. Requests go
    to the host of `base_url` and to `hosts` only. `version` grows with each change, and is kept with each call.
    """

    slug: str
    version: int
    title: str
    description: str
    base_url: str
    ways: tuple[Way, ...]
    endpoints: Mapping[str, Endpoint]
    groups: Mapping[str, str]
    origin: Origin
    identity: Identity | None = None
    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)
    docs_url: str = ""
    is_ours: bool = True
    """Comes with this registry; else an administrator added it."""


ADDRESSES = ("authorize_url", "token_url", "revoke_url", "issuer")


def addresses_of(way: Way) -> tuple[str, ...]:
    """All that a sign-in leads to; empty ones, too, in the order of `ADDRESSES`."""
    return tuple(getattr(way.oauth, name) for name in ADDRESSES) if way.oauth else ()
