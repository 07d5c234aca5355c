"""Which tools there are: each stands for one route, whose document says what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson
from fastapi import FastAPI
from mcp_types import Tool, ToolAnnotations

GET_STARTED = "skills_getStarted"
INSTRUCTIONS = (
    "A drive of skills for you and your agents. Call skills_getStarted first. Find skills with skills_search, read one"
    " with skills_show, take it into the drive with skills_import, run its scripts with skills_listScripts and"
    " skills_runScript."
)

TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "skills_search": "listSkills",
        "skills_show": "showSkill",
        "skills_discover": "discoverSkills",
        "skills_leaderboard": "getLeaderboard",
        "skills_list": "listDrive",
        "skills_import": "importSkill",
        "skills_remove": "removeSkill",
        "skills_toggle": "toggleSkill",
        "skills_updates": "listUpdates",
        "skills_acceptUpdate": "acceptUpdate",
        "skills_dismissUpdate": "dismissUpdate",
        "skills_syncPreview": "previewSync",
        "skills_sync": "executeSync",
        "skills_syncFinalize": "finalizeSync",
        "skills_diff": "diffDrive",
        "skills_collections": "listCollections",
        "skills_createCollection": "createCollection",
        "skills_updateCollection": "updateCollection",
        "skills_addToCollection": "addToCollection",
        "skills_removeFromCollection": "removeFromCollection",
        "skills_deleteCollection": "deleteCollection",
        "skills_uploadTicket": "createUploadTicket",
        "skills_uploadUrl": "getUploadUrl",
        "skills_download": "createDownload",
        "skills_listScripts": "listScripts",
        "skills_runScript": "runSkill",
        "skills_readFile": "readFile",
        "skills_closeSession": "closeRunSession",
        "skills_credits": "getCredits",
        "skills_webhooks": "listWebhooks",
        "skills_createWebhook": "createWebhook",
        "skills_deleteWebhook": "deleteWebhook",
        "skills_recordEvent": "recordEvent",
        "skills_adoptInstall": "adoptInstall",
    }
)
OF_SCRIPTS = frozenset({"skills_listScripts", "skills_runScript", "skills_readFile", "skills_closeSession"})
READS_BY_POST = frozenset({"skills_syncPreview", "skills_diff"})
_NO_ARGUMENTS = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class StandsFor:
    """The route behind a tool: where each of its arguments goes, by name."""

    tool: Tool
    method: str
    path: str
    in_path: frozenset[str]
    in_query: frozenset[str]
    in_body: frozenset[str]
    has_body: bool


class Toolbox:
    """The tools, made once from the document of the routes."""

    def __init__(self, routes: FastAPI) -> None:
        document = routes.openapi()
        by_id = {
            operation["operationId"]: (method, path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        }
        schemas = document["components"]["schemas"]
        self._tools = {name: _stands_for(name, *by_id[operation], schemas) for name, operation in TOOLS.items()}

    @property
    def names(self) -> list[str]:
        return [GET_STARTED, *self._tools]

    def find(self, name: str) -> StandsFor | None:
        return self._tools.get(name)

    def list_tools(self, *, with_scripts: bool) -> list[Tool]:
        shown = [found.tool for name, found in self._tools.items() if with_scripts or name not in OF_SCRIPTS]
        return [_get_started(), *shown]


def _get_started() -> Tool:
    return Tool(
        name=GET_STARTED,
        title="How to begin",
        description="What can be done here, and with which tools. Call it first.",
        input_schema=_NO_ARGUMENTS,
        annotations=ToolAnnotations(read_only_hint=True),
    )


def _stands_for(
    name: str, method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> StandsFor:
    parameters = [one for one in operation.get("parameters", ()) if one["in"] in ("path", "query")]
    body = _body_schema(operation, schemas)
    properties = {one["name"]: _described(one) for one in parameters} | body.get("properties", {})
    required = [one["name"] for one in parameters if one.get("required")] + body.get("required", [])
    is_reading = method == "get" or name in READS_BY_POST
    tool = Tool(
        name=name,
        title=operation["summary"],
        description=f"{operation['summary']}. {operation['description']}",
        input_schema=_whole(properties, required, schemas),
        annotations=ToolAnnotations(read_only_hint=is_reading, destructive_hint=method == "delete"),
    )
    return StandsFor(
        tool=tool,
        method=method.upper(),
        path=path,
        in_path=frozenset(one["name"] for one in parameters if one["in"] == "path"),
        in_query=frozenset(one["name"] for one in parameters if one["in"] == "query"),
        in_body=frozenset(body.get("properties", ())),
        has_body="requestBody" in operation,
    )


def _body_schema(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    if "requestBody" not in operation:
        return {}
    found: Mapping[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    return schemas[found["$ref"].rpartition("/")[2]] if "$ref" in found else found


def _described(parameter: Mapping[str, Any]) -> dict[str, Any]:
    said = {"description": parameter["description"]} if "description" in parameter else {}
    return {**parameter["schema"], **said}


def _whole(properties: Mapping[str, Any], required: list[str], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """One schema by itself, with all that it refers to."""
    schema: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    schema |= {"required": required} if required else {}
    needed: dict[str, Any] = {}
    waiting = [properties]
    while waiting:
        for name in _referred(waiting.pop()):
            if name not in needed:
                needed[name] = schemas[name]
                waiting.append(schemas[name])
    schema |= {"$defs": needed} if needed else {}
    moved: dict[str, Any] = orjson.loads(orjson.dumps(schema).replace(b"#/components/schemas/", b"#/$defs/"))
    return moved


def _referred(value: Any) -> list[str]:
    """Names of the schemas that are referred to anywhere in a schema."""
    if isinstance(value, Mapping):
        own = [value["$ref"].rpartition("/")[2]] if isinstance(value.get("$ref"), str) else []
        return own + [name for part in value.values() for name in _referred(part)]
    return [name for part in value for name in _referred(part)] if isinstance(value, list) else []
