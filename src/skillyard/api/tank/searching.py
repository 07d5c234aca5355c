"""Search as Tank's clients ask: pages by number, every result rendered once and joined for each answer."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from skillyard.api.native.documents import Document, Documents
from skillyard.api.tank import pages
from skillyard.api.tank.addresses import MOUNT
from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.domain.registry.search import FoundNames, search_names
from skillyard.skill.names import NAME_PATTERN, SkillName

MOST_RESULTS = 50
MOST_PAGES = 500
MOST_TEXT_CHARS = 500
_ENTRY = re.compile(rf"{MOUNT} (found|top) ({NAME_PATTERN})/({NAME_PATTERN})")
_RENDER = {"found": pages.render_found, "top": pages.render_in_top}
_MOST_KEPT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What somebody looks for; pages count from 1."""

    text: str = ""
    page: int = 1
    limit: int = 20

    @property
    def is_allowed(self) -> bool:
        """As the routes' own limits say."""
        is_page = 1 <= self.page <= MOST_PAGES and 1 <= self.limit <= MOST_RESULTS
        return is_page and len(self.text) <= MOST_TEXT_CHARS


def make_entry(app: App, path: str) -> Document | None:
    """One entry of a list as everybody may have it. Raises NotFound when nobody may."""
    match = _ENTRY.fullmatch(path)
    if match is None:
        return None
    name = SkillName(match[2], match[3])
    return Document(name=str(name), body=_RENDER[match[1]](app, ANONYMOUS, name))


class Searches:
    """Answers of the last searches without a token, until something changes."""

    def __init__(self, app: App, documents: Documents) -> None:
        self._app = app
        self._documents = documents
        self._kept: OrderedDict[SearchQuery, bytes] = OrderedDict()
        self._kept_at = (0, 0)

    def find(self, query: SearchQuery) -> bytes | None:
        """The answer for everybody, if all of it is in memory: that takes less than to hand it to a thread."""
        now = self._now()
        if self._kept_at == now and (answer := self._kept.get(query)) is not None:
            return answer
        found = self._search(ANONYMOUS, query)
        documents = [self._documents.find(_entry("found", name)) for name in found.names]
        items = [document.body for document in documents if document is not None]
        return self._show(query, found, items, now) if len(items) == len(documents) else None

    def run(self, caller: Caller, query: SearchQuery) -> bytes:
        """The answer in JSON."""
        now = self._now()
        found = self._search(caller, query)
        items = self._render("found", caller, found.names)
        return self._show(query, found, items, now if caller is ANONYMOUS else None)

    def run_top(self, caller: Caller, query: SearchQuery) -> bytes:
        """The most downloaded, in JSON."""
        found = self._search(caller, query)
        return pages.render_top(self._render("top", caller, found.names), total=found.total)

    def _search(self, caller: Caller, query: SearchQuery) -> FoundNames:
        offset = (query.page - 1) * query.limit
        return search_names(self._app, caller, text=query.text, limit=query.limit, offset=offset)

    def _show(
        self, query: SearchQuery, found: FoundNames, items: Sequence[bytes], keep_at: tuple[int, int] | None
    ) -> bytes:
        answer = pages.render_search(items, page=query.page, limit=query.limit, total=found.total)
        if keep_at is not None:
            self._keep(query, answer, keep_at)
        return answer

    def _render(self, kind: str, caller: Caller, names: Sequence[str]) -> list[bytes]:
        """What the caller may see of these."""
        return [item for name in names if (item := self._render_one(kind, caller, name)) is not None]

    def _render_one(self, kind: str, caller: Caller, name: str) -> bytes | None:
        path = _entry(kind, name)
        document = self._documents.find(path) or self._documents.render(path)
        if document is not None:
            return document.body
        try:
            return _RENDER[kind](self._app, caller, SkillName.parse(name))
        except SkillNotFound:
            return None

    def _keep(self, query: SearchQuery, answer: bytes, at: tuple[int, int]) -> None:
        if at != self._now():
            return
        if at != self._kept_at:
            self._kept, self._kept_at = OrderedDict(), at
        self._kept[query] = answer
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def _now(self) -> tuple[int, int]:
        """Changes with everything that an answer is made from: the documents, and the index that follows them."""
        return self._documents.generation, self._app.index.position


def _entry(kind: str, name: str) -> str:
    return f"{MOUNT} {kind} {name}"
