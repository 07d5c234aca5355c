"""The example skill csv-tables, run for real."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.examples.running import SKILLS, output, refusal, run

SALES = SKILLS / "csv-tables" / "assets" / "sales.csv"


def rows(markdown: str) -> list[list[str]]:
    """The cells of a Markdown table below its rule."""
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in markdown.splitlines()[2:]]


def test_a_profile_tells_kinds_ranges_and_what_is_missing(tmp_path: Path) -> None:
    profiled = {row[0]: row for row in rows(output("csv-tables", "profile", SALES, cwd=tmp_path))}
    assert profiled["date"][1:7] == ["date", "12", "0", "12", "2026-01-05", "2026-03-30"]
    assert profiled["revenue"][1:8] == ["number", "11", "1", "11", "159.60", "449.40", "327.7909"]
    assert profiled["region"][8] == "North (5), South (4), West (3)"


def test_a_table_is_aligned_also_with_wide_characters(tmp_path: Path) -> None:
    table = output("csv-tables", "select", "-", cwd=tmp_path, stdin="n,name\n1,\u65e5\u672c\n100,b\n")
    assert table == "|   n | name |\n| --: | ---- |\n|   1 | \u65e5\u672c |\n| 100 | b    |\n"


def test_cells_cannot_break_out_of_the_table(tmp_path: Path) -> None:
    table = output("csv-tables", "select", "-", cwd=tmp_path, stdin='a,b\n"x | y\n<b>",2\n')
    assert rows(table.replace(r"\|", "PIPE")) == [[r"x PIPE y \<b\>", "2"]]


def test_rows_are_filtered_sorted_and_cut(tmp_path: Path) -> None:
    asked = ["--where", "revenue > 300", "--where", "region = North", "--sort=-revenue", "--limit", "2"]
    table = output("csv-tables", "select", SALES, *asked, "--column", "date", "--column", "revenue", cwd=tmp_path)
    assert rows(table) == [["2026-03-02", "448.50"], ["2026-03-23", "399.00"]]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a < 10", ["1", "2"]),
        ("a = 1.0", ["1"]),
        ("a != 1", ["2", "30", "x", ""]),
        ("a is empty", [""]),
        ("a is not number", ["x", ""]),
        ("a ~ X", ["x"]),
        ("a b >= 4", ["30", "x", ""]),
        ("a b = 'five'", []),
    ],
)
def test_a_condition_keeps_the_right_rows(condition: str, expected: list[str], tmp_path: Path) -> None:
    given = 'a,a b\n1,1\n2,2\n30,4\nx,5\n"",6\n'
    asked = ["--where", condition, "--format", "csv"]
    kept = run("csv-tables", "select", "-", *asked, cwd=tmp_path, stdin=given).stdout
    assert [row["a"] for row in csv.DictReader(kept.splitlines())] == expected


def test_sums_are_exact_and_groups_ordered(tmp_path: Path) -> None:
    asked = ["--by", "region", "--sum", "revenue", "--mean", "units", "--count", "--sort=-sum of revenue"]
    table = rows(output("csv-tables", "aggregate", SALES, *asked, cwd=tmp_path))
    assert table == [
        ["North", "1365.90", "8.8", "5"],
        ["South", "1202.10", "7.25", "4"],
        ["West", "1037.70", "7.6667", "3"],
    ]


def test_tenths_add_up_exactly(tmp_path: Path) -> None:
    added = output("csv-tables", "aggregate", "-", "--sum", "a", cwd=tmp_path, stdin="a\n0.1\n0.2\n")
    assert rows(added) == [["0.3"]]


def test_json_has_numbers_and_nulls_and_keeps_leading_zeros(tmp_path: Path) -> None:
    given = "plz;betrag\n01067;1.234,50 \u20ac\n10115;\n"
    asked = ["--decimal", ",", "--format", "json"]
    found = json.loads(output("csv-tables", "select", "-", *asked, cwd=tmp_path, stdin=given.encode("utf-8-sig")))
    assert found == [{"plz": "01067", "betrag": 1234.5}, {"plz": "10115", "betrag": None}]


def test_figures_of_european_files_are_shown_their_way(tmp_path: Path) -> None:
    asked = ["--decimal", ",", "--sum", "b", "--by", "a", "--sort=-sum of b"]
    table = output("csv-tables", "aggregate", "-", *asked, cwd=tmp_path, stdin="a;b\nx;3,5\ny;1.234,50\n")
    assert rows(table) == [["y", "1234,50"], ["x", "3,5"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str, tmp_path: Path) -> None:
    given = "\n".join(delimiter.join(row) for row in (["name", "note"], ["a", '"1, 2; 3 | 4"'], ["b", "c"]))
    made = output("csv-tables", "select", "-", "--format", "csv", cwd=tmp_path, stdin=given)
    assert made == 'name,note\na,"1, 2; 3 | 4"\nb,c\n'


def test_csv_out_is_csv_in(tmp_path: Path) -> None:
    once = output("csv-tables", "select", SALES, "--format", "csv", cwd=tmp_path)
    assert once == SALES.read_text(encoding="utf-8")


def test_what_was_mended_is_said(tmp_path: Path) -> None:
    done = run("csv-tables", "select", "-", "--format", "csv", cwd=tmp_path, stdin="a,a,\n1\n1,2,3,,\n\n")
    assert done.stdout == "a,a_2,column_3\n1,,\n1,2,3\n"
    assert "column 2 had a name already used" in done.stderr
    assert "column 3 had no name" in done.stderr
    assert "rows too short, filled up with empty cells: 1, the first at line 2" in done.stderr


def test_a_file_without_header_gets_one(tmp_path: Path) -> None:
    made = output("csv-tables", "select", "-", "--no-header", "--format", "csv", cwd=tmp_path, stdin="1,2\n3,4\n")
    assert made == "column_1,column_2\n1,2\n3,4\n"


def test_long_cells_are_cut_in_markdown_only(tmp_path: Path) -> None:
    given = f"a\n{'x' * 200}\n"
    assert "x" * 79 + "\u2026" in output("csv-tables", "select", "-", cwd=tmp_path, stdin=given)
    assert "x" * 200 in output("csv-tables", "select", "-", "--max-width", "0", cwd=tmp_path, stdin=given)
    assert "x" * 200 in output("csv-tables", "select", "-", "--format", "csv", cwd=tmp_path, stdin=given)


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["profile", "-"], "", "has no rows"),
        (["select", "-"], "a,b\n1,2,3\n", "line 2 has 3 cells, the header 2"),
        (["select", "-"], 'a,b\n1,"2\n', "unexpected end of data"),
        (["select", "-"], "a\0b\n", "NUL"),
        (["select", "-", "--where", "prize > 3"], "price\n1\n", "did you mean 'price'?"),
        (["select", "-", "--where", "price"], "price\n1\n", "is not like"),
        (["select", "-", "--where", "price is odd"], "price\n1\n", "there is no 'odd'"),
        (["select", "-", "--sort", "x"], "price\n1\n", "there is no column 'x'"),
        (["aggregate", "-", "--sum", "price"], "price\n1\nfoo\n", "'foo' in column 'price' is not a number"),
        (["select", "nowhere.csv"], "", "cannot read nowhere.csv"),
    ],
)
def test_what_cannot_be_read_rightly_is_refused(arguments: list[str], given: str, said: str, tmp_path: Path) -> None:
    assert said in refusal("csv-tables", *arguments, cwd=tmp_path, stdin=given)


def test_no_row_left_is_a_note_and_not_an_error(tmp_path: Path) -> None:
    done = run("csv-tables", "select", SALES, "--where", "units > 99", cwd=tmp_path)
    assert done.returncode == 0
    assert "no row is left" in done.stderr
