from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.infra.search import IndexedDocument, SearchIndex


def a_document(key: str, text: str = "", *, tags: tuple[str, ...] = (), **more: Any) -> IndexedDocument:
    values: dict[str, Any] = {"facets": (), "readers": ("all",), "updated_ms": 0, "downloads": 0, **more}
    return IndexedDocument(key=key, title=key, tags=tags, text=text, **values)


SKILLS = [
    a_document("acme/pdf-tools", "Reads and writes PDF files.", tags=("documents",), downloads=5, updated_ms=3),
    a_document("acme/spreadsheet", "Turns tables into charts, and PDF files.", downloads=900_000, updated_ms=1),
    a_document("bolt/weather", "Tells the forecast for tomorrow.", updated_ms=2, facets=("namespace:bolt",)),
    a_document("bolt/secret-sauce", "Hidden.", readers=("bolt",)),
]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SearchIndex]:
    index = SearchIndex(tmp_path)
    index.apply(SKILLS, [], position=7)
    yield index
    index.close()


def found(index: SearchIndex, text: str, **filters: Any) -> list[str]:
    return [hit.key for hit in index.search(text, **{"readers": ["all"], **filters}).items]


@pytest.mark.parametrize(
    "text", ["spreadsheet", "spreadsh", "spredsheet", "speradsheet", "spreatsheat", "SPREADSHEET!"]
)
def test_typing_errors_and_beginnings_find(index: SearchIndex, text: str) -> None:
    assert found(index, text) == ["acme/spreadsheet"]


def test_a_name_is_found_with_and_without_its_hyphen(index: SearchIndex) -> None:
    for text in ("pdf-tools", "pdf tools", "pdftools", "acme/pdf-tools"):
        assert found(index, text)[0] == "acme/pdf-tools", text


def test_a_match_in_the_title_beats_popularity(index: SearchIndex) -> None:
    assert found(index, "pdf") == ["acme/pdf-tools", "acme/spreadsheet"]


def test_all_words_count_before_any_of_them(index: SearchIndex) -> None:
    assert found(index, "pdf charts") == ["acme/spreadsheet"]
    assert set(found(index, "forecast charts")) == {"acme/spreadsheet", "bolt/weather"}


def test_a_short_word_is_taken_as_it_is(index: SearchIndex) -> None:
    assert found(index, "pxf") == []


def test_nothing_but_signs_is_no_text(index: SearchIndex) -> None:
    assert len(found(index, "*** \x00 ---")) == 3


def test_readers_and_facets_hide_the_rest(index: SearchIndex) -> None:
    assert found(index, "secret") == []
    assert found(index, "secret", readers=["all", "bolt"]) == ["bolt/secret-sauce"]
    assert found(index, "", facets=["namespace:bolt"]) == ["bolt/weather"]


def test_each_order_is_kept_over_documents_old_and_new(index: SearchIndex, tmp_path: Path) -> None:
    index.close()
    again = SearchIndex(tmp_path)
    again.apply([a_document("acme/new", updated_ms=9, downloads=7)], [], position=8)
    assert found(again, "", sort="name") == ["acme/new", "acme/pdf-tools", "acme/spreadsheet", "bolt/weather"]
    assert found(again, "", sort="updated") == ["acme/new", "acme/pdf-tools", "bolt/weather", "acme/spreadsheet"]
    assert found(again, "", sort="downloads")[:3] == ["acme/spreadsheet", "acme/new", "acme/pdf-tools"]
    again.close()


def test_pages_join_without_gap_or_overlap(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path)
    index.apply([a_document(f"acme/skill-{number:03}", "many") for number in range(250)], [], position=1)
    index.apply([a_document(f"acme/skill-{number:03}", "many more") for number in range(40, 60)], [], position=2)
    pages = [index.search("many", readers=["all"], sort="name", limit=20, offset=20 * page) for page in range(13)]
    assert [hit.key for page in pages for hit in page.items] == [f"acme/skill-{number:03}" for number in range(250)]
    assert {page.total for page in pages} == {250}
    index.close()


def test_a_changed_document_takes_the_place_of_the_old(index: SearchIndex, tmp_path: Path) -> None:
    index.close()
    again = SearchIndex(tmp_path)
    again.apply([a_document("bolt/weather", "Predicts rain.")], ["acme/spreadsheet"], position=8)
    assert found(again, "forecast") == []
    assert found(again, "rain") == ["bolt/weather"]
    assert found(again, "charts") == []
    assert again.search("", readers=["all"]).total == 2
    again.close()


def test_what_was_indexed_is_there_after_a_restart(index: SearchIndex, tmp_path: Path) -> None:
    index.close()
    again = SearchIndex(tmp_path)
    assert again.position == 7
    assert found(again, "weather") == ["bolt/weather"]
    again.close()


def test_a_kill_loses_only_what_the_position_does_not_cover(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path / "a")
    index.apply(SKILLS, [], position=7)
    assert not (tmp_path / "a" / "0" / "position").exists()  # a process killed here reads the log from the start
    index.apply([a_document(f"acme/skill-{number}") for number in range(300)], [], position=8)
    assert (tmp_path / "a" / "0" / "position").read_text() == "8"
    index.close()


def test_processes_beside_each_other_have_folders_of_their_own(index: SearchIndex, tmp_path: Path) -> None:
    other = SearchIndex(tmp_path)
    assert other.position == 0
    other.apply([a_document("acme/other")], [], position=1)
    assert found(index, "other") == []
    other.close()


def test_an_index_of_another_source_begins_anew(index: SearchIndex, tmp_path: Path) -> None:
    index.close()
    other = SearchIndex(tmp_path, source="another database")
    assert other.position == 0
    assert found(other, "weather") == []
    other.close()


def test_a_damaged_index_begins_anew(index: SearchIndex, tmp_path: Path) -> None:
    index.close()
    (tmp_path / "0" / "index" / "meta.json").write_text("{")
    again = SearchIndex(tmp_path)
    assert again.position == 0
    again.apply(SKILLS, [], position=1)
    assert found(again, "weather") == ["bolt/weather"]
    again.close()
