"""What people may give for a connection: variables, labels and keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from skillyard.domain.gateway.catalog.integration import Integration, Way, WayKind
from skillyard.domain.gateway.connect.account_secrets import AccountSecrets, basic
from skillyard.domain.gateway.connect.authorization import way_of
from skillyard.domain.gateway.connect.connection_errors import (
    ConnectionLabelNotAcceptable,
    ConnectionSecretsNotAcceptable,
    VariablesNotAcceptable,
    WayNotOffered,
)
from skillyard.infra.envelope import Secret
from skillyard.skill.faults import Fault
from skillyard.skill.schemas import check_value, stored_schema

SECRETS_OF: Mapping[WayKind, tuple[str, ...]] = {
    "api_key": ("secret",),
    "basic": ("username", "password"),
    "client_credentials": ("client_id", "client_secret"),
}
"""What each way that needs no browser is told."""

_MOST_SECRET_CHARS = 8000
_MOST_LABEL_CHARS = 100
_WHOLE_HOST = re.compile(r"\{([^{}]+)\}(:\d+)?$")
_PART_OF_ADDRESS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")


def check_label(label: str) -> str:
    """Raises ConnectionLabelNotAcceptable."""
    if len(label) > _MOST_LABEL_CHARS or not label.isprintable():
        raise ConnectionLabelNotAcceptable(most=_MOST_LABEL_CHARS)
    return label.strip()


def check_variables(integration: Integration, given: Mapping[str, str]) -> dict[str, str]:
    """With what is left out and has a default. None can hold what ends its part of an address, such as a slash: it
    would lead the account's secret elsewhere; unless the integration's file itself offers it to choose from. Raises
    VariablesNotAcceptable with every fault.
    """
    filled = {name: str(schema["default"]) for name, schema in integration.variables.items() if "default" in schema}
    filled |= {name: value for name, value in given.items() if value != "" or name not in filled}
    faults = list(_faults(integration, filled))
    if faults:
        raise VariablesNotAcceptable(title=integration.title, faults=[asdict(fault) for fault in faults])
    return filled


def check_sign_in_variables(integration: Integration, given: Mapping[str, str]) -> dict[str, str]:
    """The same where somebody signs in. There nobody may choose the whole host: it would be shown this registry's own
    secret, or a token that another host gave. Raises VariablesNotAcceptable.
    """
    filled = check_variables(integration, given)
    way = way_of(integration.ways, "oauth2")
    oauth = way.oauth if way else None
    addresses = [integration.base_url, *((oauth.authorize_url, oauth.token_url, oauth.revoke_url) if oauth else ())]
    whole_hosts = {found[1] for address in addresses if (found := _WHOLE_HOST.search(urlsplit(address).netloc))}
    faults = [
        _fault(f"{name} cannot be {filled[name]} where you sign in", "leave it out, or connect with a key")
        for name in sorted(whole_hosts)
        if name in filled and filled[name] != integration.variables[name].get("default")
    ]
    if faults:
        raise VariablesNotAcceptable(title=integration.title, faults=[asdict(fault) for fault in faults])
    return filled


def way_for(integration: Integration, given: Mapping[str, Secret]) -> Way:
    """The way for which exactly these secrets are what it needs. Raises WayNotOffered."""
    for way in integration.ways:
        if set(SECRETS_OF.get(way.kind, ())) == set(given) != set():
            return way
    ways = [", ".join(SECRETS_OF[way.kind]) for way in integration.ways if way.kind in SECRETS_OF]
    offered = "; or ".join(ways) or "no keys; connect it in the browser"
    what = ", ".join(sorted(name for name in given if name.isidentifier() and len(name) <= 40)) or "that"
    raise WayNotOffered(title=integration.title, what=what, ways=offered)


def check_secrets(integration: Integration, way: Way, given: Mapping[str, Secret]) -> AccountSecrets:
    """Raises ConnectionSecretsNotAcceptable, which shows none of them."""
    texts = {name: secret.reveal() for name, secret in given.items()}
    is_one_word = ":" not in texts.get("username", "") and texts.get("secret", "").isascii()
    if not is_one_word or not all(_is_acceptable(text) for text in texts.values()):
        names, where = ", ".join(SECRETS_OF[way.kind]), way.hint or "Copy them anew from the service."
        raise ConnectionSecretsNotAcceptable(title=integration.title, most=_MOST_SECRET_CHARS, names=names, where=where)
    if way.kind == "basic":
        return AccountSecrets(access=basic(texts["username"], given["password"]))
    if way.kind == "client_credentials":
        return AccountSecrets(access=Secret(""), client_id=texts["client_id"], client_secret=given["client_secret"])
    return AccountSecrets(access=given["secret"])


def _is_acceptable(text: str) -> bool:
    """One line: more would be another header, or nothing that a service gave out."""
    return 1 <= len(text) <= _MOST_SECRET_CHARS and text.isprintable() and text == text.strip()


def _faults(integration: Integration, given: Mapping[str, str]) -> Iterator[Fault]:
    for name in sorted(set(given) | set(integration.variables)):
        schema = integration.variables.get(name)
        if schema is None:
            known = ", ".join(sorted(integration.variables)) or "none"
            yield _fault(f"{integration.title} has no variable of this name", f"it has: {known}")
        elif name not in given:
            yield _fault(f"{name} is missing", str(schema.get("description", "give it")))
        elif given[name] not in schema.get("enum", ()) and not _PART_OF_ADDRESS.fullmatch(given[name]):
            hint = "use letters, digits and . _ : - with a letter or digit at both ends"
            yield _fault(f"{name} cannot be a part of an address", hint)
        else:
            yield from _against_schema(name, schema, given[name])


def _against_schema(name: str, schema: Mapping[str, Any], value: str) -> Iterator[Fault]:
    for fault in check_value(stored_schema(json.dumps(schema, sort_keys=True)), value):
        yield _fault(f"{name}: {fault.message}", str(schema.get("description", fault.hint)))


def _fault(message: str, hint: str) -> Fault:
    return Fault(code="connection_variable", message=message, hint=hint)
