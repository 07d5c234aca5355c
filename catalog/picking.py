"""What is chosen of a description, and what is said better: picks applied to the integration that it makes.

A file of picks has the keys of an integration's file, and of its own:

    source: github                     # of sources.py
    snake_case: true                   # names of parameters, whatever they are there
    joined:                            # parts of a path that are one parameter
      repo: {of: [owner, repo], type: string, pattern: "^[^/]+/[^/]+$", description: …}
    literals: {userId: me}             # parts of a path that are always the same
    by_method: {POST: {idempotency_header: idempotency-key}}
    params: {per_page: {maximum: 100}} # changes to parameters of this name, wherever they are
    endpoints:
      create_issue:
        operation: issues/create       # which operation it is
        keep: [title, body, milestone, assignees.id]     # of its parameters, and of what is inside them
        rename: {issue_number: number}
        require: [title]               # of its parameters, by their new names
        params: {title: {oneOf: null, type: string}}     # changes to single ones
        …                              # and all keys that an endpoint has, which replace what was found

Changes are merged into what was found, and `null` removes (RFC 7396).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from skillyard.domain.gateway.catalog.openapi.words import snake_case

_OF_PICKS = ("source", "snake_case", "joined", "literals", "by_method", "params", "endpoints")
_OF_PICK = ("keep", "rename", "require", "params")
_OF_PARAM = ("in", "as", "required", "slashes", "style", "schema")

Map = dict[str, Any]


def pick(found: Map, picks: Map) -> Map:
    """The file of the integration, from what was found and what was chosen, both as plain values."""
    by_operation = {endpoint["operation"]: endpoint for endpoint in found["endpoints"].values()}
    head = {key: value for key, value in picks.items() if key not in _OF_PICKS}
    return {
        **head,
        "endpoints": {
            name: _endpoint(by_operation[chosen["operation"]], chosen, picks)
            for name, chosen in picks["endpoints"].items()
        },
    }


def _endpoint(found: Map, chosen: Map, picks: Map) -> Map:
    params: Map = found.get("params", {})
    path = found["path"]
    for name, joined in picks.get("joined", {}).items():
        path, params = _join(path, params, name, joined)
    for name, value in picks.get("literals", {}).items():
        path = path.replace(f"{{{name}}}", value)
        params = {other: param for other, param in params.items() if other != name}
    if "keep" in chosen:
        params = _kept(params, chosen["keep"])
    params = {name: _changed(param, picks.get("params", {}).get(name, {})) for name, param in params.items()}
    params = dict(_renamed(name, param, chosen, picks) for name, param in params.items())
    for name, change in chosen.get("params", {}).items():
        params[name] = None if change is None else _changed(params.get(name, {}), change)
    params = {name: param for name, param in params.items() if param is not None}
    params |= {name: {**params[name], "required": True} for name in chosen.get("require", ())}
    own = {key: value for key, value in chosen.items() if key not in _OF_PICK}
    whole = {
        **found,
        **picks.get("by_method", {}).get(found["method"], {}),
        **own,
        "path": own.get("path", path),
        "params": params,
    }
    if "paging" in whole and "paging" not in own:
        whole["paging"] = {**whole["paging"], "param": _name(whole["paging"]["param"], chosen, picks)}
    return {key: value for key, value in whole.items() if value not in (None, {}, [])}


def _join(path: str, params: Map, name: str, joined: Map) -> tuple[str, Map]:
    """`{owner}/{repo}` becomes `{repo}`, which keeps its slash."""
    parts = "/".join(f"{{{part}}}" for part in joined["of"])
    if parts not in path:
        return path, params
    schema = {key: value for key, value in joined.items() if key != "of"}
    one = {"in": "path", "required": True, "slashes": "keep", **schema}
    others = {key: value for key, value in params.items() if key not in joined["of"]}
    return path.replace(parts, f"{{{name}}}"), {name: one, **others}


def _kept(params: Map, keep: Iterable[str]) -> Map:
    """Those of the path, and those that are named, in this order; `a.b` keeps of `a` only what is named of it."""
    kept = {name: param for name, param in params.items() if param["in"] == "path"}
    for name in dict.fromkeys(path.split(".")[0] for path in keep):
        if name not in params:
            raise KeyError(f"there is no parameter {name}; there are {', '.join(params)}")
        kept[name] = _kept_inside(params[name], [path for path in keep if path.split(".")[0] == name])
    return kept


def _kept_inside(schema: Map, paths: list[str]) -> Map:
    inner = [path.partition(".")[2] for path in paths if "." in path]
    if not inner:
        return schema
    if "properties" not in schema:
        within = "schema" if "schema" in schema else "items" if "items" in schema else None
        if within is None:
            raise KeyError(f"nothing is inside for {', '.join(inner)}; it has {', '.join(schema)}")
        return {**schema, within: _kept_inside(schema[within], paths)}
    properties = {}
    for name in dict.fromkeys(path.split(".")[0] for path in inner):
        properties[name] = _kept_inside(schema["properties"][name], [one for one in inner if one.split(".")[0] == name])
    kept = {**schema, "properties": properties}
    if "required" in schema:
        kept["required"] = [name for name in schema["required"] if name in properties]
    return {key: value for key, value in kept.items() if key != "required" or value}


def _renamed(name: str, param: Map, chosen: Map, picks: Map) -> tuple[str, Map]:
    new = _name(name, chosen, picks)
    return (new, param) if new == name else (new, {"in": param["in"], "as": name, **param})


def _name(name: str, chosen: Map, picks: Map) -> str:
    if name in chosen.get("rename", {}):
        return str(chosen["rename"][name])
    return snake_case(name) if picks.get("snake_case") else name


def _changed(param: Map, change: Map) -> Map:
    """What changes of its schema goes there where the schema stands by itself."""
    if "schema" in param and "schema" not in change:
        inner = {key: value for key, value in change.items() if key not in _OF_PARAM}
        change = {key: value for key, value in change.items() if key in _OF_PARAM} | {"schema": inner}
    merged: Map = _merged(param, change)
    return merged


def _merged(value: Any, change: Any) -> Any:
    if change is None or not isinstance(change, Mapping):
        return value if change is None else change
    merged = dict(value) if isinstance(value, Mapping) else {}
    for key, inner in change.items():
        if inner is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), inner)
    return merged
