"""The example skill text-kit, run for real."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.examples.running import output, refusal, run

LONG = "Some words that go on and on until the line is too long for a narrow column of text."


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Quarterly Sales, North & South", "quarterly-sales-north-south"),
        ("Gr\u00f6\u00dfe & Gewicht", "grosse-gewicht"),
        ("\u0141\u00f3d\u017a's \u00c6sir \u2014 na\u00efve", "lodzs-aesir-naive"),
        ("a\u2014b/c", "a-b-c"),
    ],
)
def test_a_title_becomes_a_slug(title: str, slug: str, tmp_path: Path) -> None:
    assert output("text-kit", "slugify", title, cwd=tmp_path) == f"{slug}\n"


def test_a_long_slug_is_cut_between_words(tmp_path: Path) -> None:
    assert output("text-kit", "slugify", "--max-chars", "12", "one two three four", cwd=tmp_path) == "one-two\n"


def test_slugs_of_lines_are_all_different(tmp_path: Path) -> None:
    lines = "Intro\nIntro\nIntro 2\n\u65e5\u672c\n"
    assert output("text-kit", "slugify", "--lines", cwd=tmp_path, stdin=lines) == "intro\nintro-2\nintro-2-2\nsection\n"


def test_a_title_without_latin_letters_needs_a_fallback(tmp_path: Path) -> None:
    assert "--fallback" in refusal("text-kit", "slugify", "\u65e5\u672c", cwd=tmp_path)
    assert output("text-kit", "slugify", "\u65e5\u672c", "--fallback", "japan", cwd=tmp_path) == "japan\n"


def test_captured_terminal_text_becomes_plain_text(tmp_path: Path) -> None:
    captured = "\ufeffa\r\n\x1b[31mred\x1b[0m\u00a0x  \n\n\n\ne\u0301\u200b"
    assert output("text-kit", "normalise", cwd=tmp_path, stdin=captured) == "a\nred x\n\n\u00e9\n"


def test_joiners_that_spelling_needs_survive(tmp_path: Path) -> None:
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\n"
    assert output("text-kit", "normalise", cwd=tmp_path, stdin=persian) == persian


def test_plain_text_has_ascii_quotes_and_dashes(tmp_path: Path) -> None:
    assert (
        output("text-kit", "normalise", "--plain", "\u201cWait\u2026\u201d \u2013 no", cwd=tmp_path)
        == '"Wait..." - no\n'
    )


def test_empty_text_stays_empty(tmp_path: Path) -> None:
    assert output("text-kit", "normalise", cwd=tmp_path, stdin="\n \n") == ""


def test_wrapping_keeps_code_tables_and_headings_and_hangs_list_items(tmp_path: Path) -> None:
    text = f"# {LONG}\n\n- {LONG}\n\n```\n{LONG}\n```\n\n| {LONG} |\n\n{LONG}\n"
    wrapped = output("text-kit", "wrap", "--width", "40", cwd=tmp_path, stdin=text)
    assert f"# {LONG}\n" in wrapped
    assert f"```\n{LONG}\n```\n" in wrapped
    assert f"| {LONG} |\n" in wrapped
    assert "- Some words that go on and on until the\n  line is too long" in wrapped
    assert wrapped.endswith("Some words that go on and on until the\nline is too long for a narrow column of\ntext.\n")


def test_wrapping_never_makes_markup_of_a_word(tmp_path: Path) -> None:
    for mark in ("-", "+", "1.", "#", "="):
        wrapped = output(
            "text-kit", "wrap", "--width", "10", cwd=tmp_path, stdin=f"ten letter {mark} more words here\n"
        )
        assert not any(line.startswith(f"{mark} ") or line == mark for line in wrapped.splitlines()), wrapped


def test_wrapping_twice_changes_nothing(tmp_path: Path) -> None:
    text = f"{LONG}\n{LONG}\\\n{LONG}\n\n1. {LONG}\n\n\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3002\n"
    once = output("text-kit", "wrap", "--width", "30", cwd=tmp_path, stdin=text)
    assert output("text-kit", "wrap", "--width", "30", cwd=tmp_path, stdin=once) == once


def test_wide_characters_count_as_two_columns(tmp_path: Path) -> None:
    sun = "\u65e5"
    wrapped = output("text-kit", "wrap", "--width", "10", cwd=tmp_path, stdin=sun * 12)
    assert wrapped.split() == [sun * 5, sun * 5, sun * 2]


def test_words_are_counted_in_several_scripts(tmp_path: Path) -> None:
    text = "Don't stop \u2014 well-known.\n\n\u0939\u093f\u0928\u094d\u0926\u0940 \u65e5\u672c\n"
    counted = json.loads(output("text-kit", "count", "--json", cwd=tmp_path, stdin=text))
    assert counted["words"] == 6
    assert (counted["lines"], counted["paragraphs"]) == (3, 2)
    assert counted["most_common"]["don't"] == 1


def test_frequent_words_come_first(tmp_path: Path) -> None:
    counted = output("text-kit", "count", "--top", "1", cwd=tmp_path, stdin="b a A b a c")
    assert counted.splitlines()[-1].split() == ["3", "a"]


@pytest.mark.parametrize(
    ("style", "text", "escaped"),
    [
        ("text", "# a <b> *c* snake_case _d_ &amp; x & y", r"\# a \<b\> \*c\* snake_case \_d\_ \&amp; x & y"),
        ("text", "1. a\n- b", "1\\. a\n\\- b"),
        ("cell", "a | b\nc", r"a \| b<br>c"),
        ("cell", "-5", "-5"),
        ("code", "a `` b`", "``` a `` b` ```"),
    ],
)
def test_markdown_is_escaped_for_where_it_stands(style: str, text: str, escaped: str, tmp_path: Path) -> None:
    assert output("text-kit", "escape", "--as", style, cwd=tmp_path, stdin=text) == f"{escaped}\n"


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(b"a  \r\n")
    output("text-kit", "normalise", "--file", file, "--output", file, cwd=tmp_path)
    assert file.read_bytes() == b"a\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_encodings_are_recognised_or_named(tmp_path: Path) -> None:
    assert output("text-kit", "normalise", cwd=tmp_path, stdin="h\u00ef".encode("utf-16")) == "h\u00ef\n"
    assert "0xe9 at offset 3" in refusal("text-kit", "normalise", cwd=tmp_path, stdin=b"caf\xe9")
    known = output("text-kit", "normalise", "--encoding", "cp1252", cwd=tmp_path, stdin=b"caf\xe9 \x80")
    assert known == "caf\u00e9 \u20ac\n"
    assert "no encoding 'nope'" in refusal("text-kit", "normalise", "--encoding", "nope", cwd=tmp_path, stdin="a")


def test_a_missing_file_and_an_unwritable_one_are_named(tmp_path: Path) -> None:
    assert "cannot read nowhere.txt" in refusal("text-kit", "count", "--file", "nowhere.txt", cwd=tmp_path)
    assert "cannot write" in refusal("text-kit", "slugify", "a", "--output", tmp_path / "no" / "x", cwd=tmp_path)
    assert "not both" in refusal("text-kit", "slugify", "a", "--file", "b", cwd=tmp_path)


def test_a_wrong_width_is_bad_usage(tmp_path: Path) -> None:
    assert run("text-kit", "wrap", "--width", "0", "a", cwd=tmp_path).returncode == 2
