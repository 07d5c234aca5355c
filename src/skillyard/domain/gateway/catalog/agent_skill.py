"""An integration's documentation as an agent skill: SKILL.md says how to call it, one file per group what there is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from string import Template
from typing import Any

from skillyard.domain.gateway.catalog.documents import CallPlace, Group, curl, example_params, groups_of, permission_of
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration, Param
from skillyard.skill.archive import pack, skill_files
from skillyard.skill.names import WINDOWS_DEVICES

_MOST_DESCRIPTION = 1000
_SKILL_FILE = Template("""\
---
name: $slug
description: $about
license: $licence
metadata:
  version: "$version.0.0"
---

# $title

$description

## How to call

`POST $address/$slug/<endpoint>` with the body `{"params": {…}}` and the header `Authorization: Bearer $$$key`.
For example:

$curl

The answer is `{"status": …, "data": …}`, both as the service gave them, also when it refused: look at `status`.
When the call itself was refused, the answer has `error` instead, which says why and what to do; when it names an
`action_url`, ask the person whom you work for to open it. All parameters that are wrong are named at once.

Endpoints that `write` change something that others see; what is `destructive` cannot be undone: ask first.

A skill that calls these declares it in `permissions.integrations`, as `$permission`. Its scripts, where the
registry runs them, call `$$SKILLYARD_GATEWAY/v1/$slug/<endpoint>` with `Authorization: Bearer $$SKILLYARD_LEASE`,
and need no other key.

## Endpoints

$endpoints
$source
""")
_WITH_MORE = {"properties", "items", "anyOf", "oneOf", "allOf", "additionalProperties", "prefixItems"}


def skill_folder(integration: Integration, place: CallPlace) -> dict[str, bytes]:
    """The files of the skill by their paths. It is clean by the specification, and can be published as it is."""
    texts = {"SKILL.md": _skill_file(integration, place)}
    for group in groups_of(integration):
        texts[_path(group)] = _group_file(integration, group)
    return {path: text.encode() for path, text in texts.items()}


def skill_zip(integration: Integration, place: CallPlace) -> bytes:
    """The folder, packed as uploads want it; the same integration gives the same bytes."""
    return pack(skill_files(skill_folder(integration, place)), top_folder=integration.slug)


def _skill_file(integration: Integration, place: CallPlace) -> str:
    first = next(iter(integration.endpoints.values()))
    about = f"Call {integration.title} without holding a key for it. {integration.description}"
    return _SKILL_FILE.substitute(
        slug=integration.slug,
        about=_quoted(about[:_MOST_DESCRIPTION]),
        licence=_quoted(integration.origin.licence),
        version=integration.version,
        title=_line(integration.title),
        description=_line(integration.description),
        address=place.address,
        key=place.key,
        curl=_fenced(curl(integration, first, place), "sh"),
        permission=permission_of(integration, first),
        endpoints="".join(_contents(group) for group in groups_of(integration)),
        source=_source(integration),
    )


def _contents(group: Group) -> str:
    lines = [f"  * `{one.name}`: {_line(one.summary)} ({one.effect})\n" for one in group.endpoints]
    return f"* {_line(group.title)}: read [{_path(group)}]({_path(group)})\n{''.join(lines)}"


def _source(integration: Integration) -> str:
    origin = integration.origin
    where = f", {origin.url}" if origin.url else ""
    docs = f" Documentation of the service: {integration.docs_url}" if integration.docs_url else ""
    described = " ".join(filter(None, (_line(origin.description), _line(origin.version))))
    return f"Described after: {described} ({_line(origin.licence)}{where}).{docs}"


def _group_file(integration: Integration, group: Group) -> str:
    texts = [_endpoint(endpoint) for endpoint in group.endpoints]
    return f"# {_line(integration.title)}: {_line(group.title)}\n\n" + "\n".join(texts)


def _endpoint(endpoint: Endpoint) -> str:
    params = "".join(_param(param) for param in endpoint.params if param.fixed is None)
    needs = f" Scopes: {', '.join(endpoint.scopes)}." if endpoint.scopes else ""
    more = f"{_line(endpoint.description)}\n\n" if endpoint.description else ""
    example = json.dumps({"params": example_params(endpoint)}, ensure_ascii=False)
    no_params = "It takes no parameters.\n"
    return (
        f"## {endpoint.name}\n\n"
        f"{_line(endpoint.summary)}. Effect: {endpoint.effect}.{needs}\n\n{more}"
        f"{params or no_params}\n"
        f"{_fenced(example, 'json')}\n"
    )


def _param(param: Param) -> str:
    facts = [_kind(param.schema), "required" if param.is_required else ""]
    if "default" in param.schema:
        facts.append(f"default {json.dumps(param.schema['default'], ensure_ascii=False)}")
    said = _line(str(param.schema.get("description", "")))
    more = f" Schema: {_code(param.schema)}" if _has_more(param.schema) else ""
    return f"* `{param.name}` ({', '.join(filter(None, facts))}){': ' if said else ''}{said}{more}\n"


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"one of {', '.join(str(one) for one in schema['enum'])}"
    if "const" in schema:
        return f"always {schema['const']}"
    kind = schema.get("type", "any value")
    name = " or ".join(kind) if isinstance(kind, list) else str(kind)
    items = schema.get("items")
    return f"array of {_kind(items)}" if kind == "array" and isinstance(items, Mapping) else name


def _has_more(schema: Mapping[str, Any]) -> bool:
    """Whether one line does not say all that a caller has to know."""
    items = schema.get("items")
    inner = items if isinstance(items, Mapping) else {}
    return bool((_WITH_MORE - {"items"}) & {*schema, *inner} or "items" in inner)


def _code(schema: Mapping[str, Any]) -> str:
    without = {key: value for key, value in schema.items() if key not in ("description", "default")}
    return f"`` {json.dumps(without, ensure_ascii=False)} ``".replace("\n", " ")


def _path(group: Group) -> str:
    """Where it stands, on every system."""
    return f"references/{'_' if group.slug in WINDOWS_DEVICES else ''}{group.slug}.md"


def _line(text: str) -> str:
    """In one line, which begins no heading or fence and ends nothing around it."""
    return re.sub("-{3,}", "--", " ".join(text.replace("`", "'").split()))


def _quoted(text: str) -> str:
    return json.dumps(_line(text), ensure_ascii=False)


def _fenced(text: str, language: str) -> str:
    longest = max((len(found) for found in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
