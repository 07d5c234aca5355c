"""A full-text index in a folder of this process, derived from elsewhere and rebuilt at any time; by tantivy.

Forgives typing errors and unfinished words. Several processes on one machine each claim a folder of their own.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tantivy
from filelock import FileLock, Timeout
from tantivy import Occur, Query

Sort = Literal["relevance", "updated", "downloads", "name"]

_SCHEMA_VERSION = "1"
_HEAP_BYTES = 20_000_000
_MOST_SLOTS = 64
_MOST_WORDS = 12
_MOST_WORD_CHARS = 40
_MOST_HITS = 10_000
_WORD = re.compile(r"\w+")
_BOOSTS = {"title": 8.0, "joined": 6.0, "tags": 4.0, "text": 1.0}
_INEXACT = {"title": 2.0, "all": 0.5}  # `all` is the other fields together: one lookup instead of four
_ORDER = {"updated": "updated", "downloads": "downloads", "name": "name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedDocument:
    """`facets` are exact marks to filter by; `readers` are the marks of which a searcher must have one."""

    key: str
    title: str
    tags: tuple[str, ...]
    text: str
    facets: tuple[str, ...]
    readers: tuple[str, ...]
    updated_ms: int
    downloads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    key: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """One page of hits, and how many there are in all."""

    items: tuple[Hit, ...]
    total: int


class SearchIndex:
    """Documents by key, and the position up to which their source was read."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._claim = _claim_slot(folder)
        self._schema = _schema()
        self._index = self._open()
        self._writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        self._writing = threading.Lock()

    @property
    def position(self) -> int:
        """Everything up to here is in the index. 0 for a new one."""
        try:
            return int(self._position_file.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def apply(self, add: Iterable[IndexedDocument], remove: Iterable[str], *, position: int) -> None:
        """Replace and remove documents, then remember the position. A crash in between repeats the same change."""
        with self._writing:
            for key in remove:
                self._writer.delete_documents_by_term("key", key)
            for document in add:
                self._writer.delete_documents_by_term("key", document.key)
                self._writer.add_document(_to_tantivy(document))
            self._writer.commit()
            self._index.reload()
            self._position_file.write_text(str(position))

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
        """Documents with every facet, one of the readers, and the words.

        Every word as it is or as a beginning; if no document has that, with typing errors; then any of the words.
        """
        words = [word[:_MOST_WORD_CHARS] for word in _WORD.findall(text.lower())][:_MOST_WORDS]
        gates = [self._one_of("readers", readers), *(self._term("facets", facet) for facet in facets)]
        for matches in self._attempts(words):
            hits = self._run(self._all_of([*matches, *gates]), sort, limit, offset)
            if hits.total:
                break
        return hits

    def close(self) -> None:
        with self._writing:
            self._writer.wait_merging_threads()
            self._claim.release()

    @property
    def _position_file(self) -> Path:
        return self._folder / "position"

    def _open(self) -> tantivy.Index:
        """Open what is there; begin anew when it is damaged or of an older schema."""
        files = self._folder / "index"
        version = self._folder / "schema"
        try:
            if version.read_text() == _SCHEMA_VERSION:
                return tantivy.Index(self._schema, path=str(files))
        except (OSError, ValueError):
            pass
        shutil.rmtree(files, ignore_errors=True)
        self._position_file.unlink(missing_ok=True)
        files.mkdir()
        index = tantivy.Index(self._schema, path=str(files))
        version.write_text(_SCHEMA_VERSION)
        return index

    def _run(self, query: Query, sort: Sort, limit: int, offset: int) -> Hits:
        if offset >= _MOST_HITS:
            return Hits(items=(), total=_MOST_HITS)
        searcher = self._index.searcher()
        if sort == "relevance":
            found = searcher.search(query, limit=limit, offset=offset, weight_by_field="downloads")
        else:
            order = tantivy.Order.Asc if sort == "name" else tantivy.Order.Desc
            found = searcher.search(query, limit=limit, offset=offset, order_by_field=_ORDER[sort], order=order)
        items = tuple(
            Hit(key=str(searcher.doc(address)["key"][0]), score=score if isinstance(score, float) else 0.0)
            for score, address in found.hits
        )
        return Hits(items=items, total=int(getattr(found, "count", 0) or 0))  # missing in the stubs

    def _attempts(self, words: list[str]) -> Iterator[list[Query]]:
        if not words:
            yield [Query.all_query()]
            return
        yield [self._word(word, self._beginning) for word in words]
        forgiving = [self._word(word, self._typed_wrong) for word in words]
        yield forgiving
        yield [Query.boolean_query([(Occur.Should, match) for match in forgiving])]

    def _word(self, word: str, near: Callable[[str, str], Query]) -> Query:
        """The word itself counts most; what is only near it, less."""
        exact = [Query.boost_query(self._term(field, word), boost) for field, boost in _BOOSTS.items()]
        inexact = [Query.boost_query(near(field, word), boost) for field, boost in _INEXACT.items()]
        return Query.boolean_query([(Occur.Should, query) for query in (*exact, *inexact)])

    def _beginning(self, field: str, word: str) -> Query:
        return Query.fuzzy_term_query(self._schema, field, word, distance=0, prefix=True)

    def _typed_wrong(self, field: str, word: str) -> Query:
        """One wrong letter in four, and two in a long word; a short word is taken as it is."""
        one = Query.fuzzy_term_query(self._schema, field, word, distance=int(len(word) >= 4), prefix=True)
        if len(word) < 8:
            return one
        two = Query.fuzzy_term_query(self._schema, field, word, distance=2)
        return Query.boolean_query([(Occur.Should, one), (Occur.Should, two)])

    def _term(self, field: str, value: str) -> Query:
        return Query.term_query(self._schema, field, value)

    def _one_of(self, field: str, values: Iterable[str]) -> Query:
        return Query.const_score_query(Query.term_set_query(self._schema, field, list(values)), 0.0)

    def _all_of(self, queries: Sequence[Query]) -> Query:
        return Query.boolean_query([(Occur.Must, query) for query in queries])


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


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", stored=True, tokenizer_name="raw")
    for field in {**_BOOSTS, **_INEXACT}:
        builder.add_text_field(field)
    builder.add_text_field("facets", tokenizer_name="raw")
    builder.add_text_field("readers", tokenizer_name="raw")
    builder.add_text_field("name", fast=True, tokenizer_name="raw")
    builder.add_integer_field("updated", fast=True)
    builder.add_unsigned_field("downloads", fast=True)
    return builder.build()


def _to_tantivy(document: IndexedDocument) -> tantivy.Document:
    made = tantivy.Document()
    made.add_text("key", document.key)
    made.add_text("name", document.key)
    joined = re.sub(r"[\W_]+", "", document.title.rpartition("/")[2].lower())
    tags = " ".join(document.tags)
    made.add_text("title", document.title)
    made.add_text("joined", joined)
    made.add_text("tags", tags)
    made.add_text("text", document.text)
    made.add_text("all", f"{document.title} {joined} {tags} {document.text}")
    for facet in document.facets:
        made.add_text("facets", facet)
    for reader in document.readers:
        made.add_text("readers", reader)
    made.add_integer("updated", document.updated_ms)
    made.add_unsigned("downloads", document.downloads)
    return made
