"""What a document is to the search index, and which queries a text becomes.

Scores are constant per kind of match, so that they mean the same in an index of ten documents and of ten thousand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import tantivy
from tantivy import Occur, Query

SCHEMA_VERSION = "4"
# tantivy multiplies a score by log2(2 + weight). Weights from 2^16 on make that 16 to 20: what is popular gains up to a
# quarter, less than any better match.
SCORE_SCALE = 16
_SCALE_RANGE = 4
_MOST_DOWNLOADS_LOG10 = 6

_MOST_WORDS = 12
_MOST_WORD_CHARS = 40
_SHORTEST_WITH_ONE_ERROR = 4
_SHORTEST_WITH_TWO_ERRORS = 8
_WORD = re.compile(r"[^\W_]+")
_EXACT = {"title": 8.0, "joined": 6.0, "tags": 4.0}
_NEAR_TITLE = 2.0


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


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    for field in ("title", "joined", "tags", "words"):
        builder.add_text_field(field, index_option="basic")
    for field in ("facets", "readers"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("updated", fast=True)
    builder.add_unsigned_field("downloads", fast=True)
    builder.add_unsigned_field("weight", fast=True)
    return builder.build()


SCHEMA = _schema()


def to_tantivy(document: IndexedDocument) -> tantivy.Document:
    """`words` holds everything that can be found; `joined` is the last part of the title without hyphens."""
    joined = "".join(_WORD.findall(document.title.rpartition("/")[2].lower()))
    made = tantivy.Document()
    made.add_text("key", document.key)
    made.add_text("title", document.title)
    made.add_text("joined", joined)
    for tag in document.tags:
        made.add_text("tags", tag)
    made.add_text("words", " ".join([document.title, joined, *document.tags, document.text]))
    for facet in document.facets:
        made.add_text("facets", facet)
    for reader in document.readers:
        made.add_text("readers", reader)
    made.add_integer("updated", document.updated_ms)
    made.add_unsigned("downloads", document.downloads)
    made.add_unsigned("weight", _weight(document.downloads))
    return made


def _weight(downloads: int) -> int:
    popularity = min(1.0, math.log10(1 + downloads) / _MOST_DOWNLOADS_LOG10)
    return round(2 ** (SCORE_SCALE + _SCALE_RANGE * popularity))


def attempts(text: str, is_known: Callable[[str], bool]) -> Iterator[Query]:
    """Queries from strict to forgiving; the first with a hit counts. `is_known`: whether any document has the word."""
    words = [word[:_MOST_WORD_CHARS] for word in _WORD.findall(text.lower())][:_MOST_WORDS]
    if not words:
        yield Query.const_score_query(Query.all_query(), 1.0)
        return
    yield _all_words(words, [0] * len(words))
    most = [0 if is_known(word) else _errors(word) for word in words]
    for errors in range(1, max(most) + 1):
        yield _all_words(words, [min(errors, allowed) for allowed in most])
    if len(words) > 1:
        yield Query.boolean_query(
            [(Occur.Should, _word(word, errors, is_last=False)) for word, errors in zip(words, most, strict=True)]
        )


def _errors(word: str) -> int:
    """How many typing errors may be in it: a short word is taken as it is."""
    return int(len(word) >= _SHORTEST_WITH_ONE_ERROR) + int(len(word) >= _SHORTEST_WITH_TWO_ERRORS)


def _all_words(words: Sequence[str], errors: Sequence[int]) -> Query:
    last = len(words) - 1
    return Query.boolean_query(
        [
            (Occur.Must, _word(word, distance, is_last=place == last))
            for place, (word, distance) in enumerate(zip(words, errors, strict=True))
        ]
    )


def _word(word: str, distance: int, *, is_last: bool) -> Query:
    """Documents with the word or one near it; they score more where it stands as it is, in the title or as a tag."""
    field = "words" if len(word) > 1 else "title"  # a single letter is the beginning of too much
    ways = [(Occur.Must, _near(field, word, distance, is_last=is_last, score=1.0))]
    ways += [(Occur.Should, _constant(term_query(exact, word), score)) for exact, score in _EXACT.items()]
    if distance or is_last:
        ways.append((Occur.Should, _near("title", word, distance, is_last=is_last, score=_NEAR_TITLE)))
    return Query.boolean_query(ways)


def _near(field: str, word: str, distance: int, *, is_last: bool, score: float) -> Query:
    if distance == 0 and not is_last:
        return _constant(term_query(field, word), score)
    return _constant(Query.fuzzy_term_query(SCHEMA, field, word, distance=distance, prefix=is_last), score)


def term_query(field: str, value: str) -> Query:
    """Documents with exactly this word."""
    return Query.term_query(SCHEMA, field, value, index_option="basic")


def _constant(query: Query, score: float) -> Query:
    return Query.const_score_query(query, score)
