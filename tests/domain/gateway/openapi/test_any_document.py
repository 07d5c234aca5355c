"""Whatever stands in a document, it becomes an integration that can be kept, or is refused: never anything else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillyard.domain.gateway.catalog.openapi.choices import Choices, DocumentRefused
from skillyard.domain.gateway.catalog.openapi.read import read_openapi
from skillyard.domain.gateway.catalog.openapi.text import read_document
from tests.domain.gateway.openapi.documents_of_tests import GITHUB, STRIPE
from tests.domain.gateway.openapi.test_swagger import SHOP
from tests.peers.pet_shop import pet_document

Steps = tuple[str | int, ...]

ODD: list[Any] = [
    None, True, 0, -1, 1e308, "", "x", "{x}", "\u202e\x00", "a.b", "x" * 5000, [], [None], {}, {"": ""}, {"type": []},
    {"$ref": "#/"}, {"$ref": "#/paths"}, {"$ref": "#"}, {"$ref": ""}, {"$ref": 1}, {"$ref": "#/info/title"},
    {"type": "object", "properties": []}, {"allOf": [{}, None, 1]}, {"anyOf": []}, {"enum": [[], {}]},
    {"in": "query"}, {"name": "a", "in": "path"}, {"content": {"application/json": None}}, {"url": "//"},
]  # fmt: skip
DOCUMENTS = [read_document(document) for document in (GITHUB, STRIPE, SHOP, pet_document("https://api.example.com"))]


def places(value: Any, steps: Steps = ()) -> list[Steps]:
    """The way to every value in it."""
    if isinstance(value, dict):
        return [steps, *(way for key, inner in value.items() for way in places(inner, (*steps, key)))]
    if isinstance(value, list):
        return [steps, *(way for key, inner in enumerate(value) for way in places(inner, (*steps, key)))]
    return [steps]


PLACES = [places(document) for document in DOCUMENTS]


def changed(value: Any, way: Steps, odd: Any) -> Any:
    """The value with another one at one place; nothing else is copied."""
    if not way:
        return odd
    first, *rest = way
    if isinstance(value, list):
        return [changed(inner, tuple(rest), odd) if key == first else inner for key, inner in enumerate(value)]
    if isinstance(value, dict) and first in value:
        return {**value, first: changed(value[str(first)], tuple(rest), odd)}
    return value


def endpoints_of(data: bytes) -> list[str] | None:
    """Their names; None where the document is refused."""
    try:
        return list(read_openapi(data, "acme", Choices())[0].endpoints)
    except DocumentRefused:
        return None


@st.composite
def documents(draw: st.DrawFn) -> Any:
    number = draw(st.integers(0, len(DOCUMENTS) - 1))
    document = DOCUMENTS[number]
    for _ in range(draw(st.integers(1, 4))):
        document = changed(document, draw(st.sampled_from(PLACES[number])), draw(st.sampled_from(ODD)))
    return document


@settings(max_examples=150, deadline=None)
@given(documents())
def test_a_document_with_something_odd_in_it_is_read_or_refused(document: Any) -> None:
    assert endpoints_of(orjson.dumps(document)) != []


@pytest.mark.parametrize("kept", range(0, len(SHOP), 97))
def test_a_document_that_was_cut_off_is_read_or_refused(kept: int) -> None:
    assert endpoints_of(SHOP[:kept]) != []
