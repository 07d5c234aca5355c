"""How integrations are built from published descriptions: what is picked, and Google's documents as OpenAPI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from catalog.discovery import to_openapi
from catalog.picking import pick
from skillyard.domain.gateway.catalog.integration import Integration, Paging
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.integration_writer import write_integration
from skillyard.domain.gateway.catalog.lookup import read_shipped
from skillyard.domain.gateway.catalog.openapi.choices import Choices
from skillyard.domain.gateway.catalog.openapi.read import from_openapi
from skillyard.domain.gateway.catalog.openapi.text import read_document
from skillyard.domain.gateway.catalog.yaml_text import write_yaml
from tests.domain.gateway.openapi.documents_of_tests import FOLDER

PICKS = Path(__file__).parents[2] / "catalog" / "picks"
NOTES: dict[str, Any] = {
    "name": "notes",
    "version": "v1",
    "revision": "20260131",
    "title": "Notes API",
    "description": "Keeps notes.",
    "rootUrl": "https://notes.googleapis.com/",
    "servicePath": "v1/",
    "parameters": {"fields": {"type": "string", "location": "query", "description": "Which fields."}},
    "schemas": {
        "Note": {
            "id": "Note",
            "type": "object",
            "properties": {
                "id": {"type": "string", "description": "Output only. Its id."},
                "text": {"type": "string", "description": "Required. What it says."},
                "color": {"type": "string", "description": "Optional. Its colour.", "default": "white"},
                "size": {"type": "integer", "minimum": "1", "maximum": "9", "default": "3"},
                "isPinned": {"type": "boolean", "default": "false"},
                "inner": {"$ref": "Tag"},
                "extra": {"type": "any"},
            },
        },
        "Tag": {"id": "Tag", "type": "object", "properties": {"color": {"type": "string"}, "name": {"type": "string"}}},
        "Notes": {"id": "Notes", "type": "object", "properties": {"nextPageToken": {"type": "string"}}},
    },
    "resources": {
        "notes": {
            "methods": {
                "list": {
                    "id": "notes.notes.list",
                    "httpMethod": "GET",
                    "path": "users/{userId}/notes",
                    "parameters": {
                        "userId": {"type": "string", "location": "path", "required": True},
                        "labelIds": {"type": "string", "location": "query", "repeated": True, "description": "Labels."},
                        "pageToken": {"type": "string", "location": "query"},
                    },
                    "response": {"$ref": "Notes"},
                },
                "create": {
                    "id": "notes.notes.create",
                    "httpMethod": "POST",
                    "path": "users/{userId}/notes",
                    "parameters": {"userId": {"type": "string", "location": "path", "required": True}},
                    "request": {"$ref": "Note"},
                },
            }
        }
    },
}
HEAD: dict[str, Any] = {
    "integration": "notes",
    "version": 1,
    "title": "Notes",
    "description": "Notes.",
    "origin": {"description": "x", "licence": "MIT"},
    "base_url": "https://notes.googleapis.com/v1",
    "ways": [{"kind": "none"}],
    "groups": {"notes": "Notes"},
}


def picked(picks: dict[str, Any], document: dict[str, Any]) -> Integration:
    chosen = tuple(one["operation"] for one in picks["endpoints"].values())
    found, _ = from_openapi(document, slug="x", choices=Choices(only=chosen))
    return read_integration(write_yaml(pick(read_document(write_integration(found).encode()), picks)), file="x.yaml")


def notes_with(endpoint: dict[str, Any], **picks: Any) -> Any:
    usual = {"operation": "notes.notes.create", "group": "notes", "summary": "Write a note", "examples": [], **endpoint}
    return picked({**HEAD, **picks, "endpoints": {"it": usual}}, to_openapi(NOTES)).endpoints["it"]


@pytest.mark.parametrize(
    ("slug", "names"),
    [
        (
            "github",
            ["list_issues", "create_issue", "add_labels", "remove_label", "get_content", "list_root", "search_code"],
        ),
        ("stripe", ["list_customers", "create_customer", "delete_customer", "create_refund"]),
    ],
)
def test_what_is_shipped_is_what_the_picks_make(slug: str, names: list[str]) -> None:
    picks = read_document((PICKS / f"{slug}.yaml").read_bytes())
    some = {**picks, "endpoints": {name: picks["endpoints"][name] for name in names}}
    document = orjson.loads((FOLDER / f"{slug}.json").read_bytes())
    some["groups"] = {one["group"]: picks["groups"][one["group"]] for one in some["endpoints"].values()}
    made = picked({**some, "origin": HEAD["origin"]}, document)
    assert made.endpoints == {name: read_shipped(slug).endpoints[name] for name in names}
    assert (made.ways, made.habits, made.headers) == tuple(
        getattr(read_shipped(slug), name) for name in ("ways", "habits", "headers")
    )


def test_discovery_documents_are_read_as_openapi() -> None:
    integration, _ = from_openapi(to_openapi(NOTES), slug="notes", choices=Choices())
    assert (integration.base_url, integration.origin.version) == ("https://notes.googleapis.com/v1", "v1 of 20260131")
    listed = integration.endpoints["notes_notes_list"]
    assert listed.paging == Paging(kind="cursor", param="pageToken", next_at=("nextPageToken",))
    labels = listed.schema["properties"]["labelIds"]
    assert labels == {"type": "array", "items": {"type": "string"}, "description": "Labels."}
    created = integration.endpoints["notes_notes_create"].schema
    assert created["required"] == ["userId", "text"]
    assert created["properties"]["text"] == {"type": "string", "description": "What it says."}
    assert created["properties"]["color"]["default"] == "white"
    assert created["properties"]["size"] == {"type": "integer", "minimum": 1, "maximum": 9, "default": 3}
    assert created["properties"]["isPinned"]["default"] is False
    assert "id" not in created["properties"]


def test_parameters_are_kept_renamed_changed_and_added() -> None:
    it = notes_with(
        {
            "keep": ["text", "isPinned", "inner.color"],
            "rename": {"text": "says"},
            "require": ["is_pinned"],
            "params": {
                "says": {"minLength": 1, "description": "The note."},
                "inner": {"description": "A note in it."},
                "mood": {"in": "query", "type": "string"},
            },
        },
        snake_case=True,
        literals={"userId": "me"},
        by_method={"POST": {"idempotency_header": "idempotency-key"}},
        params={"isPinned": {"default": None}},
    )
    assert (it.path, it.idempotency_header) == ("/users/me/notes", "idempotency-key")
    assert [(one.name, one.name_there, one.is_required) for one in it.params] == [
        ("says", "text", True),
        ("is_pinned", "isPinned", True),
        ("inner", "inner", False),
        ("mood", "mood", False),
    ]
    properties = it.schema["properties"]
    assert properties["says"] == {"type": "string", "description": "The note.", "minLength": 1}
    assert properties["is_pinned"] == {"type": "boolean"}
    assert list(properties["inner"]["properties"]) == ["color"]


@pytest.mark.parametrize("keep", [["nothing"], ["text.inner"], ["inner.nothing"]])
def test_a_pick_of_what_is_not_there_is_told(keep: list[str]) -> None:
    with pytest.raises(KeyError):
        notes_with({"keep": keep})
