"""The example skill data-report, run for real with the skills that it needs."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.examples.running import SKILLS, output, refusal, run

SALES = SKILLS / "csv-tables" / "assets" / "sales.csv"
HOSTILE = 'name,amount\n"<script>alert(1)</script>",1\n"a | $title `b` *c*",2\n"<script>alert(1)</script>",3\na,1\n'


def test_a_markdown_report_has_answers_tables_and_charts_beside_it(tmp_path: Path) -> None:
    asked = ["--by", "region", "--over", "date", "--sum", "revenue", "--title", "Sales *Q1*", "--output", "sales.md"]
    said = output("data-report", SALES, *asked, cwd=tmp_path)
    assert said == "Wrote sales.md and sales.svg and sales-2.svg\n"
    text = (tmp_path / "sales.md").read_text(encoding="utf-8")
    assert text.startswith("# Sales \\*Q1\\*\n")
    assert "North is the largest: 1365.90 of 3605.70 (37.9%)." in text
    assert "From 358.80 (2026-01-05) to 179.40 (2026-03-30). The highest is 449.40 (2026-02-23)." in text
    assert "| North  |        1365.90 |    5 |" in text
    assert "12 rows, 6 columns, 8 empty cells." in text
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert pictures == ["sales.svg", "sales-2.svg"]
    for picture in pictures:
        ElementTree.fromstring((tmp_path / picture).read_text(encoding="utf-8"))


def test_an_html_report_is_one_file_that_needs_nothing_else(tmp_path: Path) -> None:
    output("data-report", SALES, "--by", "product", "--rows", "2", "--output", "sales.html", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sales.html"]
    page = (tmp_path / "sales.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert '<td class="number">5</td>' in page
    assert "First 2 rows" in page
    assert not re.search(r'(?:src|href)="|@import|url\(', page)


class Tags(HTMLParser):
    """The names of all elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)


def test_cells_of_strangers_stay_text(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HOSTILE)
    asked = ["x.csv", "--by", "name", "--sum", "amount", "--title", "</title><script>"]
    output("data-report", *asked, "--output", "x.html", cwd=tmp_path)
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "script" not in Tags(page).found
    assert "a | $title `b` *c*" in page
    output("data-report", *asked, "--output", "x.md", cwd=tmp_path)
    text = (tmp_path / "x.md").read_text(encoding="utf-8")
    assert "<script" not in text.replace(r"\<", "")
    assert r"a \| $title \`b\` \*c\*" in text


def test_charts_can_be_put_into_the_markdown(tmp_path: Path) -> None:
    text = output("data-report", SALES, "--by", "region", "--embed", cwd=tmp_path)
    (picture,) = re.findall(r"\(data:image/svg\+xml;base64,([^)]+)\)", text)
    assert ElementTree.fromstring(base64.b64decode(picture)).tag.endswith("svg")


def test_without_a_question_it_chooses_one_and_says_so(tmp_path: Path) -> None:
    done = run("data-report", SALES, cwd=tmp_path)
    assert done.returncode == 0
    assert "chose --by 'region' --over 'date' --sum 'revenue'" in done.stderr
    assert "charts are left out" in done.stderr
    assert "## Revenue by region" in done.stdout


def test_many_days_become_months_and_many_groups_the_largest(tmp_path: Path) -> None:
    days = (f"2026-{month:02}-{day:02},g{month * 30 + day},{day}\n" for month in range(1, 7) for day in range(1, 29))
    text = output(
        "data-report", "-", "--over", "day", "--by", "g", "--sum", "n", cwd=tmp_path, stdin="day,g,n\n" + "".join(days)
    )
    assert "From 406 (2026-01) to 406 (2026-06)." in text
    assert "Days are added up to months." in text
    assert "Only the 40 largest of 168 groups are shown." in text
    assert text.count("\n| g") == 40 + 2, "forty groups, the header, and the column's profile"


def test_european_numbers_are_read_and_shown_their_way(tmp_path: Path) -> None:
    given = "ort;betrag\nA;1.000,50\nB;2,25\nA;3\n"
    text = output("data-report", "-", "--by", "ort", "--sum", "betrag", "--decimal", ",", cwd=tmp_path, stdin=given)
    assert "A is the largest: 1003,50 of 1005,75 (99,8%)." in text


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["--by", "regoin"], "region,n\na,1\n", "did you mean 'region'"),
        (["--by", "region", "--sum", "region"], "region,n\na,1\n", "is not a number"),
        (["--over", "region"], "region,n\na,1\n", "is not an ISO date"),
        (["--sum", "n"], "region,n\na,1\n", "needs --by or --over"),
        (["--by", "region"], "region,n\n", "no rows"),
        (["--by", "region", "--output", "no/such/folder.md"], "region,n\na,1\nb,2\n", "cannot write"),
    ],
)
def test_what_makes_no_report_is_refused(arguments: list[str], given: str, said: str, tmp_path: Path) -> None:
    assert said in refusal("data-report", "-", *arguments, cwd=tmp_path, stdin=given)
    assert list(tmp_path.iterdir()) == []
