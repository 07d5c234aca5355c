"""An OpenAPI document (3.0, 3.1, or Swagger 2.0) as an integration: data only, and notes on what could not be said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from skillyard.domain.gateway.catalog.endpoint_fields import MOST_ENDPOINTS
from skillyard.domain.gateway.catalog.integration import Endpoint, Habits, Integration, Origin
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.integration_writer import write_integration
from skillyard.domain.gateway.catalog.openapi.choices import Choices, DocumentRefused, Notes, Unsayable
from skillyard.domain.gateway.catalog.openapi.endpoints import read_endpoint
from skillyard.domain.gateway.catalog.openapi.operations import Operation, choose, is_meant, list_operations
from skillyard.domain.gateway.catalog.openapi.references import References
from skillyard.domain.gateway.catalog.openapi.servers import read_base
from skillyard.domain.gateway.catalog.openapi.sign_in import read_ways, scopes_of, secret_names
from skillyard.domain.gateway.catalog.openapi.swagger import upgrade
from skillyard.domain.gateway.catalog.openapi.text import read_document
from skillyard.domain.gateway.catalog.openapi.words import (
    MOST_NAME_CHARS,
    first_sentence,
    plain_line,
    snake_case,
    unique,
)
from skillyard.skill.faults import SkillError
from skillyard.skill.reading import is_web_address, shorten

_TITLE_CHARS = 60
_DESCRIPTION_CHARS = 300
_HABITS = Habits(limit="x-ratelimit-limit", remaining="x-ratelimit-remaining", request_id="x-request-id")


def read_openapi(data: bytes, slug: str, choices: Choices, url: str = "") -> tuple[Integration, tuple[str, ...]]:
    """The integration that the text of a document makes, and the notes. `url`: where it comes from.

    Raises DocumentRefused, also where the integration's own file would not be accepted.
    """
    integration, notes = from_openapi(read_document(data), slug=slug, choices=choices, url=url)
    try:
        text = write_integration(integration)
        return read_integration(text, file=f"{slug}.yaml", is_ours=False), notes
    except SkillError as error:
        raise DocumentRefused(error.faults[0].message[:500], "Choose fewer operations with --only.") from None


def from_openapi(
    document: dict[str, Any], *, slug: str, choices: Choices, url: str = ""
) -> tuple[Integration, tuple[str, ...]]:
    """The same from plain values; the version is 1, and it is not ours. Raises DocumentRefused."""
    document = _in_words_of_3(document)
    notes, references = Notes(), References(document)
    chosen = choose(list_operations(document, references, notes), choices.only, notes)
    base_url, variables = read_base(document, given=choices.base_url, document_url=url, notes=notes)
    ways = choices.ways or read_ways(document, chosen, references, base_url, notes)
    groups = _groups(chosen)
    endpoints = _read_endpoints(document, chosen, references, notes, choices, secret_names(ways), groups)
    info = document.get("info")
    info = info if isinstance(info, Mapping) else {}
    title = plain_line(choices.title or info.get("title"), most=_TITLE_CHARS) or slug
    integration = Integration(
        slug=slug,
        version=1,
        title=title,
        description=first_sentence(info.get("description"), most=_DESCRIPTION_CHARS) or f"The API of {title}.",
        docs_url=_docs_url(document),
        origin=_origin(info, title, url),
        base_url=base_url,
        variables=variables,
        ways=ways,
        habits=_HABITS,
        groups={name: groups[name] for name in dict.fromkeys(endpoint.group for endpoint in endpoints.values())},
        endpoints=endpoints,
        is_ours=False,
    )
    return integration, notes.all()


def _in_words_of_3(document: dict[str, Any]) -> dict[str, Any]:
    if str(document.get("swagger")) in ("2.0", "2"):
        return upgrade(document)
    if str(document.get("openapi")).startswith("3."):
        return document
    raise DocumentRefused("it is of no version that is read here", "OpenAPI 3.0 and 3.1 and Swagger 2.0 are.")


def _read_endpoints(
    document: Mapping[str, Any],
    chosen: list[Operation],
    references: References,
    notes: Notes,
    choices: Choices,
    secrets: frozenset[str],
    groups: Mapping[str, str],
) -> dict[str, Endpoint]:
    if len(chosen) > MOST_ENDPOINTS:
        raise DocumentRefused(
            f"{len(chosen)} operations are chosen, and {MOST_ENDPOINTS} are the most",
            "Choose those that agents need: --only 'GET /repos/*', --only tag:issues.",
        )
    _check_renames(choices.renames, chosen)
    endpoints: dict[str, Endpoint] = {}
    for operation in chosen:
        name = _name(operation, choices.renames, endpoints)
        scopes = scopes_of(document, operation)
        try:
            endpoints[name] = read_endpoint(
                operation, references, notes, name=name, group=_group(operation, groups), scopes=scopes,
                secret_names=secrets, most_schema_bytes=choices.most_schema_bytes,
            )  # fmt: skip
        except Unsayable as error:
            notes.add(str(operation), f"left out: {error}")
    if not endpoints:
        hint = "Look at what was noted: " + "; ".join(notes.all()[:3]) if notes.all() else "It describes no paths."
        raise DocumentRefused("nothing in it can be called", hint)
    return endpoints


def _check_renames(renames: Mapping[str, str], chosen: list[Operation]) -> None:
    for old, new in renames.items():
        if not any(is_meant(operation, old) for operation in chosen):
            raise DocumentRefused(f"{shorten(old)} is renamed, and means no operation", "Name one that is chosen.")
        if snake_case(new) != new or not new[:1].isalpha():
            raise DocumentRefused(f"{shorten(new)} is no name of an endpoint", "Write it as create_issue.")


def _name(operation: Operation, renames: Mapping[str, str], taken: Collection[str]) -> str:
    """Names given by hand come first: none of the others may have one of them."""
    given = next((new for old, new in renames.items() if is_meant(operation, old)), None)
    if given is not None:
        return unique(given, taken)
    own = operation.name
    own = own if own[:1].isalpha() else f"{operation.method.lower()}_{own}"[:MOST_NAME_CHARS]
    return unique(own, {*taken, *renames.values()})


def _groups(chosen: Iterable[Operation]) -> dict[str, str]:
    """Titles by name, of the first tag of each operation."""
    named = {_group_name(tag): plain_line(tag, most=_TITLE_CHARS) for operation in chosen for tag in operation.tags[:1]}
    return {**{name: title for name, title in named.items() if name and title}, "other": "Other"}


def _group_name(tag: str) -> str:
    name = snake_case(tag)
    return name if name[:1].isalpha() else ""


def _group(operation: Operation, groups: Mapping[str, str]) -> str:
    name = _group_name(operation.tags[0]) if operation.tags else ""
    return name if name in groups else "other"


def _origin(info: Mapping[str, Any], title: str, url: str) -> Origin:
    licence = info.get("license")
    named = licence.get("name") if isinstance(licence, Mapping) else None
    return Origin(
        description=f"OpenAPI description of {title}",
        version=plain_line(str(info.get("version", "")), most=60),
        licence=plain_line(named, most=100) or "not stated",
        url=url.split("?")[0].split("#")[0] if is_web_address(url) and "@" not in url else "",  # which may hold a key
    )


def _docs_url(document: Mapping[str, Any]) -> str:
    docs = document.get("externalDocs")
    address = docs.get("url") if isinstance(docs, Mapping) else None
    return address if isinstance(address, str) and is_web_address(address) and "@" not in address else ""
