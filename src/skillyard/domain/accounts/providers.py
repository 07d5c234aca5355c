"""The OpenID providers that the operator chose: which there are, and the two calls that a sign-in makes to one.

OpenID Connect Core 1.0, section 3.1 (authorization code flow), with PKCE (RFC 7636) and RFC 9207 (iss in the answer).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from skillyard.app import App
from skillyard.domain.accounts.errors import ProviderNotFound, ProviderRefused
from skillyard.infra.issuer_keys import IssuerNotUnderstood
from skillyard.infra.outbound import AddressNotAllowed, Answer, Bounds, CallFailed
from skillyard.settings import Settings, SignUp

_SCOPES = "openid email profile"
_BOUNDS = Bounds(total_s=10.0, phase_s=6.0, max_bytes=256 * 1024)
_PLAIN_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """`name`: the operator's own, in addresses; `label`: for buttons; `sign_up`: who gets an account with it."""

    name: str
    label: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    sign_up: SignUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a code was exchanged for."""

    id_token: str = field(repr=False)
    access_token: str | None = field(repr=False)


def list_providers(app: App) -> tuple[Provider, ...]:
    """In the order in which the operator named them."""
    return tuple(
        Provider(
            name=name,
            label=known.label or name.replace("_", " ").title(),
            issuer=known.issuer or app.settings.google_issuer,
            client_id=known.client_id,
            client_secret=known.client_secret.get_secret_value(),
            sign_up=known.sign_up or app.settings.oidc_sign_up,
        )
        for name, known in app.settings.oidc.items()
    )


def get_provider(app: App, name: str) -> Provider:
    """Raises ProviderNotFound."""
    for provider in list_providers(app):
        if provider.name == name:
            return provider
    raise ProviderNotFound


def check_provider(app: App, provider: Provider) -> None:
    """Whether it can be reached and says where its doors are. Raises Upstream."""
    for name in ("authorization_endpoint", "token_endpoint"):
        _endpoint(app, provider, name)


def redirect_uri_of(app: App, provider: str) -> str:
    """Where the provider sends browsers back to: the operator registers it there."""
    return f"{app.settings.address}/sign-in/with/{provider}/callback"


def sign_up_of(app: App, issuer: str) -> SignUp:
    """Who gets an account with an identity of this issuer."""
    rules = {provider.issuer: provider.sign_up for provider in list_providers(app)}
    return rules.get(issuer, app.settings.oidc_sign_up)


def label_of(app: App, issuer: str) -> str:
    """How to call the issuer where people read it."""
    labels = {provider.issuer: provider.label for provider in list_providers(app)}
    if issuer == app.settings.google_issuer:
        labels.setdefault(issuer, "Google")
    return labels.get(issuer) or urlsplit(issuer).hostname or issuer


def issuers_that_sign_in(settings: Settings) -> frozenset[str]:
    """Those whose identities are a way to sign in as things are set up now."""
    issuers = {known.issuer or settings.google_issuer for known in settings.oidc.values()}
    return frozenset(issuers | ({settings.google_issuer} if settings.google_client_ids.split() else set()))


def names_of(settings: Settings, issuer: str) -> Mapping[str, str]:
    """How tokens of the issuer call it: Google leaves the `https://` out in some of its tokens."""
    if issuer == settings.google_issuer:
        return {issuer: issuer, issuer.partition("://")[2]: issuer}
    return {issuer: issuer}


def authorization_url(app: App, provider: Provider, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
    """Where to send the browser. Asks the provider for its addresses when they are not known. Raises Upstream."""
    address = _endpoint(app, provider, "authorization_endpoint")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": _SCOPES,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"


def names_issuer_in_answers(app: App, provider: Provider) -> bool:
    """Whether every answer of the provider carries its issuer (RFC 9207, section 3)."""
    document = app.issuer_keys.document(provider.issuer)
    return document.get("authorization_response_iss_parameter_supported") is True


def exchange_code(app: App, provider: Provider, *, code: str, redirect_uri: str, verifier: str) -> Tokens:
    """The tokens for the code that a browser brought back. Raises ProviderRefused or another Upstream."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    if not provider.client_secret:
        form["client_id"] = provider.client_id
    elif "client_secret_basic" in _methods(app, provider):
        headers["authorization"] = _basic(provider)
    else:
        form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
    address = _endpoint(app, provider, "token_endpoint")
    try:
        answer = app.outbound.request("POST", address, headers=headers, body=urlencode(form).encode(), bounds=_BOUNDS)
    except AddressNotAllowed as error:
        raise IssuerNotUnderstood(issuer=provider.issuer, why=error.message.rstrip(".")) from None
    return _read_tokens(provider, address, answer)


def plain_code(code: str) -> str:
    """An error code as it may stand in a message of ours."""
    return code if _PLAIN_CODE.fullmatch(code) else "an error that it does not name plainly"


def _read_tokens(provider: Provider, address: str, answer: Answer) -> Tokens:
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        found = None
    if answer.status != 200 or not isinstance(found, dict):
        raise ProviderRefused(provider=provider.label, why=_reason(found, answer.status))
    id_token, access_token = found.get("id_token"), found.get("access_token")
    if not isinstance(id_token, str):
        raise CallFailed(host=str(urlsplit(address).hostname), why="its answer has no ID token in it")
    return Tokens(id_token=id_token, access_token=access_token if isinstance(access_token, str) else None)


def _reason(found: Any, status: int) -> str:
    """Its error code, which RFC 6749 keeps plain; never its prose."""
    code = found.get("error") if isinstance(found, dict) else None
    return plain_code(code) if isinstance(code, str) else f"status {status}"


def _endpoint(app: App, provider: Provider, name: str) -> str:
    """An address that the provider publishes; one without TLS only where the issuer itself has none."""
    address = app.issuer_keys.document(provider.issuer).get(name)
    schemes = ("https://",) if provider.issuer.startswith("https:") else ("https://", "http://")
    if not isinstance(address, str) or not address.startswith(schemes) or not re.fullmatch(r"[!-~]{1,2000}", address):
        raise IssuerNotUnderstood(issuer=provider.issuer, why=f"it names no {name} that can be used")
    return address


def _methods(app: App, provider: Provider) -> Any:
    """How clients may prove themselves; Basic where it does not say (OpenID Connect Discovery 1.0, section 3)."""
    listed = app.issuer_keys.document(provider.issuer).get("token_endpoint_auth_methods_supported")
    return listed if isinstance(listed, list) else ["client_secret_basic"]


def _basic(provider: Provider) -> str:
    """RFC 6749, section 2.3.1: both are form-encoded first."""
    pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
