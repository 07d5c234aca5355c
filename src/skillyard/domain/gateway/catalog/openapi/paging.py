"""How an operation gives more than one page, as far as its parameters and its answer tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from skillyard.domain.gateway.catalog.integration import Paging
from skillyard.domain.gateway.catalog.openapi.choices import Unsayable
from skillyard.domain.gateway.catalog.openapi.references import References

_CURSORS = ("cursor", "page_token", "pageToken", "next_token", "nextToken", "continue", "after", "starting_after")
_PAGES = ("page", "page_number", "pageNumber")
_NEXT = (
    "next_cursor", "nextCursor", "next_page_token", "nextPageToken", "next_token", "nextToken", "continue", "cursor",
)  # fmt: skip
_AROUND = ("meta", "metadata", "pagination", "paging", "page_info", "response_metadata")
_MORE = ("has_more", "hasMore", "has_next", "hasNext")


def find_paging(node: Mapping[str, Any], given: Collection[str], references: References) -> Paging | None:
    """`given`: the names of the parameters. Nothing, unless the description leaves no doubt."""
    answer = good_answer(node, references)
    cursor = next((name for name in _CURSORS if name in given), None)
    page = next((name for name in _PAGES if name in given), None)
    headers = answer.get("headers")
    if (page or cursor) and isinstance(headers, Mapping) and any(str(name).lower() == "link" for name in headers):
        return Paging(kind="link", param=page or cursor or "")
    properties = _properties(answer, references)
    next_at = _find(properties, _NEXT, references)
    if cursor and next_at:
        return Paging(kind="cursor", param=cursor, next_at=next_at)
    more_at = _find(properties, _MORE, references)
    return Paging(kind="page", param=page, more_at=more_at) if page and more_at else None


def good_answer(node: Mapping[str, Any], references: References) -> Mapping[str, Any]:
    """What it answers when all goes well; nothing where that is not described."""
    responses = node.get("responses")
    for status, answer in responses.items() if isinstance(responses, Mapping) else ():
        if str(status).startswith("2"):
            return _followed(answer, references)
    return {}


def _properties(answer: Mapping[str, Any], references: References) -> Mapping[str, Any]:
    content = answer.get("content")
    media = next(iter(content.values()), None) if isinstance(content, Mapping) else None
    schema = _followed(media.get("schema"), references) if isinstance(media, Mapping) else {}
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _find(properties: Mapping[str, Any], names: tuple[str, ...], references: References) -> tuple[str, ...]:
    """The path to the first of the names, at the top or in what usually surrounds it."""
    for name in names:
        if name in properties:
            return (name,)
    for around in _AROUND:
        inner = _followed(properties.get(around), references).get("properties")
        for name in names:
            if isinstance(inner, Mapping) and name in inner:
                return (around, name)
    return ()


def _followed(node: object, references: References) -> Mapping[str, Any]:
    try:
        return references.follow(node)
    except Unsayable:
        return {}
