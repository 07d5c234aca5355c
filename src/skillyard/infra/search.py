"""A full-text index of this process, derived from elsewhere and rebuilt at any time; by tantivy.

Most documents are in a folder. What changed lately is in memory, where a commit takes milliseconds and no flush of the
disk, and moves to the folder in bulk. Several processes on one machine each claim a folder of their own.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import tantivy
from filelock import FileLock, Timeout
from tantivy import Occur, Order, Query, Searcher

from skillyard.infra.search_query import (
    SCHEMA,
    SCHEMA_VERSION,
    SCORE_SCALE,
    IndexedDocument,
    attempts,
    term_query,
    to_tantivy,
)

__all__ = ["Hit", "Hits", "IndexedDocument", "SearchIndex", "Sort"]

Sort = Literal["relevance", "updated", "downloads", "name"]

_HEAP_BYTES = 20_000_000
_MOST_SLOTS = 64
_MOST_RECENT = 200
_MOST_HITS = 10_000
_FIELD = {"updated": "updated", "downloads": "downloads", "name": "key"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    key: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """One page of hits, and how many there are in all."""

    items: tuple[Hit, ...]
    total: int


@dataclass(frozen=True, slots=True)
class _View:
    """What a search sees: the settled documents but for those that are `outdated`, and the recent ones."""

    settled: Searcher
    recent: Searcher
    outdated: tuple[Query, ...] = ()

    def has_word(self, word: str) -> bool:
        return any(part.doc_freq("words", word) for part in (self.settled, self.recent))


class SearchIndex:
    """Documents by key, and the position up to which their source was read.

    `source` names what the documents are derived from: an index of something else begins anew.
    """

    def __init__(self, folder: Path, *, source: str = "") -> None:
        self._folder, self._claim = _claim_slot(folder)
        self._settled = self._open(f"{SCHEMA_VERSION} {source}")
        self._recent = tantivy.Index(SCHEMA)
        self._settled_writer = self._settled.writer(heap_size=_HEAP_BYTES, num_threads=1)
        self._recent_writer = self._recent.writer(heap_size=_HEAP_BYTES, num_threads=1)
        self._writing = threading.Lock()
        self._recent_keys: set[str] = set()
        self._view = _View(self._settled.searcher(), self._recent.searcher())
        self._position = self._read_position()

    @property
    def position(self) -> int:
        """Everything up to here is found. 0 for a new index."""
        return self._position

    def apply(self, add: Iterable[IndexedDocument], remove: Iterable[str], *, position: int) -> None:
        """Replace and remove documents, found from now on. After a crash the same may have to come again."""
        documents = {document.key: to_tantivy(document) for document in add}
        gone = set(remove)
        with self._writing:
            _replace(self._settled_writer, documents, gone)
            self._recent_keys |= documents.keys() | gone
            if len(self._recent_keys) >= _MOST_RECENT:
                self._settle(position)
            elif documents or gone:
                _replace(self._recent_writer, documents, gone)
                self._recent_writer.commit()
                self._recent.reload()
                self._view = self._new_view()
            self._position = position

    def search(
        self,
        text: str,
        *,
        readers: Iterable[str],
        facets: Sequence[str] = (),
        sort: Sort = "relevance",
        limit: int = 30,
        offset: int = 0,
    ) -> Hits:
        """Documents with every facet, one of the readers, and the words, of which the last may be a beginning.

        If no document has them all, words with typing errors count; then any of the words.
        """
        view = self._view
        gates = [_one_of("readers", tuple(readers)), *(term_query("facets", facet) for facet in facets)]
        hits = Hits(items=(), total=0)
        for matches in attempts(text, view.has_word):
            hits = _run(view, _all_of([matches, *gates]), sort, limit, offset)
            if hits.total:
                break
        return hits

    def close(self) -> None:
        """Settle what is recent and give the folder back. Closing twice is fine."""
        with self._writing:
            if not self._claim.is_locked:
                return
            if self._recent_keys:
                self._settle(self._position)
            self._settled_writer.wait_merging_threads()
            self._recent_writer.wait_merging_threads()
            self._claim.release()

    def _settle(self, position: int) -> None:
        """Put everything into the folder."""
        self._settled_writer.commit()
        self._settled.reload()
        self._recent_writer.delete_all_documents()
        self._recent_writer.commit()
        self._recent.reload()
        self._recent_keys.clear()
        self._view = self._new_view()
        partial = self._folder / "position.partial"
        partial.write_text(str(position))
        partial.replace(self._folder / "position")

    def _new_view(self) -> _View:
        settled = self._settled.searcher()
        outdated = tuple(term_query("key", key) for key in self._recent_keys if settled.doc_freq("key", key))
        return _View(settled, self._recent.searcher(), outdated)

    def _read_position(self) -> int:
        try:
            return int((self._folder / "position").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def _open(self, identity: str) -> tantivy.Index:
        """Open what is there; begin anew when it is damaged, of an older schema or of another source."""
        files, identity_file = self._folder / "index", self._folder / "identity"
        try:
            if identity_file.read_text() == identity:
                return tantivy.Index(SCHEMA, path=str(files))
        except (OSError, ValueError):
            pass
        shutil.rmtree(files, ignore_errors=True)
        (self._folder / "position").unlink(missing_ok=True)
        files.mkdir()
        index = tantivy.Index(SCHEMA, path=str(files))
        identity_file.write_text(identity)
        return index


def _claim_slot(folder: Path) -> tuple[Path, FileLock]:
    for number in range(_MOST_SLOTS):
        slot = folder / str(number)
        slot.mkdir(parents=True, exist_ok=True)
        claim = FileLock(slot / "claimed", timeout=0)
        try:
            claim.acquire()
        except Timeout:
            continue
        return slot, claim
    raise OSError(f"{folder} has no free slot: {_MOST_SLOTS} processes use it already")


def _replace(writer: tantivy.IndexWriter, documents: dict[str, tantivy.Document], gone: Iterable[str]) -> None:
    for key in gone:
        writer.delete_documents_by_term("key", key)
    for key, document in documents.items():
        writer.delete_documents_by_term("key", key)
        writer.add_document(document)


def _run(view: _View, query: Query, sort: Sort, limit: int, offset: int) -> Hits:
    """The best of both parts, merged: scores do not depend on the part that a document is in."""
    if offset >= _MOST_HITS:
        return Hits(items=(), total=_MOST_HITS)
    but_outdated = Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, key) for key in view.outdated)])
    total, merged = 0, []
    for part, asked in ((view.settled, but_outdated), (view.recent, query)):
        if not part.num_docs:
            continue
        found = _search(part, asked, sort, limit + offset)
        total += int(getattr(found, "count", 0) or 0)  # missing in the stubs
        merged += [(value, part, address) for value, address in found.hits]
    merged.sort(key=lambda hit: hit[0], reverse=sort != "name")
    return Hits(
        items=tuple(
            Hit(
                key=str(part.doc(address)["key"][0]),
                score=value / SCORE_SCALE if sort == "relevance" else 0.0,
            )
            for value, part, address in merged[offset : offset + limit]
        ),
        total=total,
    )


def _search(part: Searcher, query: Query, sort: Sort, limit: int) -> tantivy.SearchResult:
    if sort == "relevance":
        return part.search(query, limit=limit, weight_by_field="weight")
    order = Order.Asc if sort == "name" else Order.Desc
    return part.search(query, limit=limit, order_by_field=_FIELD[sort], order=order)


@lru_cache(maxsize=1000)
def _one_of(field: str, values: tuple[str, ...]) -> Query:
    """For a handful of values: beyond some hundred, a set of terms would be found faster."""
    return Query.boolean_query([(Occur.Should, term_query(field, value)) for value in values])


def _all_of(queries: Sequence[Query]) -> Query:
    """All of them; only the first gives a score."""
    first, *others = queries
    return Query.boolean_query(
        [(Occur.Must, first), *((Occur.Must, Query.const_score_query(other, 0.0)) for other in others)]
    )
