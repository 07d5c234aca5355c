"""Where the references of a document lead: within it only. What is elsewhere is never fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from skillyard.domain.gateway.catalog.openapi.choices import Unsayable
from skillyard.skill.reading import shorten

_MOST_HOPS = 16


class References:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def follow(self, node: object) -> Mapping[str, Any]:
        """The object that it is, or refers to. Raises Unsayable."""
        for _ in range(_MOST_HOPS):
            if not isinstance(node, Mapping):
                raise Unsayable("there is something else where an object is expected")
            if not isinstance(node.get("$ref"), str):
                return node
            node = self.find(node["$ref"])
        raise Unsayable("a reference leads in circles")

    def find(self, reference: str) -> object:
        """What a reference such as `#/components/schemas/Pet` means (RFC 6901). Raises Unsayable."""
        if not reference.startswith("#/"):
            raise Unsayable(f"{shorten(reference)} is in another document, which is not fetched")
        found: object = self._document
        for part in unquote(reference[2:]).split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and len(key) < 7 and int(key) < len(found):
                found = found[int(key)]
            else:
                raise Unsayable(f"{shorten(reference)} leads nowhere")
        return found
