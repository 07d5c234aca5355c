"""Which kind of body is sent, of those that an operation takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from skillyard.domain.gateway.catalog.integration import BodyKind
from skillyard.domain.gateway.catalog.openapi.choices import Unsayable
from skillyard.skill.reading import shorten

_KINDS: tuple[tuple[str, BodyKind], ...] = (  # the best first
    (r"application/json|\*/\*|text/json", "json"),
    (r"application/merge-patch\+json", "json"),
    (r"application/[a-z0-9.-]+\+json", "json"),
    (r"application/x-www-form-urlencoded", "form"),
)


def choose_media(content: Mapping[str, Any]) -> tuple[Mapping[str, Any], BodyKind, str]:
    """What is said of the best kind, the kind of body, and its media type where it is not the usual one.

    Raises Unsayable.
    """
    for pattern, kind in _KINDS:
        for name, media in content.items():
            plain = str(name).split(";")[0].strip().lower()
            if isinstance(media, Mapping) and re.fullmatch(pattern, plain):
                return media, kind, plain if plain.endswith("+json") else ""
    named = shorten(", ".join(map(str, content))) or "of no kind"
    raise Unsayable(f"its body is {named}, and only JSON and forms are sent")
