"""What whoever adds an OpenAPI document decides about it, and what is told of what it could not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skillyard.domain.gateway.catalog.integration import Way

_MOST_NOTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """`only`: which operations, by `GET /repos/*`, `/repos/*`, `tag:issues`, or an operation id; all when empty.

    `renames`: names that endpoints get instead of their own, or of their operation id. `ways`: how to sign in, instead
    of what the document says; `base_url` and `title` likewise. `most_schema_bytes`: of the
    parameters of one operation, which a model has to read; what is nested deep is cut until they fit.
    """

    only: tuple[str, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    ways: tuple[Way, ...] = ()
    base_url: str = ""
    title: str = ""
    most_schema_bytes: int = 12 * 1024


class Notes:
    """What was left out or made simpler, each with where; a document with thousands of faults fills no screen."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def add(self, where: str, text: str) -> None:
        if len(self._said) < _MOST_NOTES:
            self._said.setdefault(f"{where}: {text}")

    def take(self, others: Notes) -> None:
        for text in others.all()[: _MOST_NOTES - len(self._said)]:
            self._said.setdefault(text)

    def all(self) -> tuple[str, ...]:
        return tuple(self._said)


class Unsayable(Exception):
    """Something that an integration cannot express; whatever needs it is left out, with a note of why."""


class DocumentRefused(Exception):
    """There is nothing that could be made of the document."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why, hint)
        self.why = why
        self.hint = hint
