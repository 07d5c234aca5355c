"""The example skill svg-charts, run for real; what it draws is read as XML."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.examples.running import SKILLS, output, refusal, run

VISITS = SKILLS / "svg-charts" / "assets" / "visits.csv"
SVG = "{http://www.w3.org/2000/svg}"


def drawn(*arguments: str | Path, cwd: Path, stdin: str = "") -> ElementTree.Element:
    return ElementTree.fromstring(output("svg-charts", *arguments, cwd=cwd, stdin=stdin))


def tooltips(svg: ElementTree.Element, shape: str) -> list[str]:
    found = (element.find(f"{SVG}title") for element in svg.iter(f"{SVG}{shape}"))
    return [title.text or "" for title in found if title is not None]


def test_a_bar_stands_for_each_value_and_says_it(tmp_path: Path) -> None:
    svg = drawn("bar", VISITS, "--title", "Visits <by> & month", cwd=tmp_path)
    said = tooltips(svg, "rect")
    assert len(said) == 17, "six months, three series, one value is missing"
    assert "2026-01, web: 1,240" in said
    assert svg.findtext(f"{SVG}title") == "Visits <by> & month"
    assert (svg.get("role"), svg.get("viewBox")) == ("img", "0 0 720 400")


def test_bars_are_as_long_as_their_values(tmp_path: Path) -> None:
    svg = drawn("bar", "-", "--vertical", cwd=tmp_path, stdin='{"a": 10, "b": 5, "c": -5}')
    bars = [rect for rect in svg.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
    a, b, c = (float(bar.get("height", "")) for bar in bars)
    assert a == pytest.approx(2 * b, abs=0.02)
    assert b == pytest.approx(c, abs=0.02)
    assert float(bars[2].get("y", "")) == pytest.approx(float(bars[0].get("y", "")) + a, abs=0.02), "below zero"


def test_long_labels_make_bars_lie(tmp_path: Path) -> None:
    given = json.dumps({f"a rather long label number {number}": number for number in range(12)})
    svg = drawn("bar", "-", cwd=tmp_path, stdin=given)
    bars = [rect for rect in svg.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
    assert len({bar.get("height") for bar in bars}) == 1
    assert len({bar.get("width") for bar in bars}) == 12


def test_a_line_breaks_where_a_value_is_missing(tmp_path: Path) -> None:
    svg = drawn("line", VISITS, cwd=tmp_path)
    paths = [path.get("d", "") for path in svg.iter(f"{SVG}path")]
    assert [path.count("M") for path in paths] == [1, 2, 1]
    assert [path.count("M") + path.count("L") for path in paths] == [6, 5, 6]
    assert "2026-06, web: 1,890" in tooltips(svg, "circle")


def test_dates_stand_to_scale(tmp_path: Path) -> None:
    svg = drawn("line", "-", cwd=tmp_path, stdin="day,n\n2026-01-01,1\n2026-01-02,2\n2026-01-11,3\n")
    x = [float(dot.get("cx", "")) for dot in svg.iter(f"{SVG}circle")]
    assert (x[2] - x[0]) == pytest.approx(10 * (x[1] - x[0]), rel=0.01)


def test_a_line_can_begin_at_zero(tmp_path: Path) -> None:
    given = '{"a": 1000, "b": 1010}'
    marks = [text.text for text in drawn("line", "-", "--from-zero", cwd=tmp_path, stdin=given).iter(f"{SVG}text")]
    assert "0" in marks
    assert "0" not in [text.text for text in drawn("line", "-", cwd=tmp_path, stdin=given).iter(f"{SVG}text")]


def test_the_same_data_gives_the_same_bytes_and_nothing_that_runs(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        assert output("svg-charts", "bar", VISITS, "--output", name, cwd=tmp_path) == ""
    made = (tmp_path / "a.svg").read_bytes()
    assert made == (tmp_path / "b.svg").read_bytes()
    assert b"<script" not in made
    assert b"<style" not in made
    assert b" id=" not in made


def test_text_that_xml_forbids_is_replaced(tmp_path: Path) -> None:
    svg = drawn("bar", "-", "--title", "a\x0bb", cwd=tmp_path, stdin='{"\\ud800<x>\\u0000": 1, "y\\uffff": 2}')
    assert svg.findtext(f"{SVG}title") == "a b"
    assert any("<x>" in (text.text or "") for text in svg.iter(f"{SVG}text"))


def test_json_of_objects_and_chosen_columns_work(tmp_path: Path) -> None:
    records = json.dumps([{"n": "a", "x": 1, "y": "1,500"}, {"n": "b", "x": 2, "y": None}])
    svg = drawn("bar", "-", "--label", "n", "--value", "y", cwd=tmp_path, stdin=records)
    assert tooltips(svg, "rect") == ["a, y: 1,500"]


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (["bar", "-"], '{"a": "x"}', "nothing but numbers"),
        (["bar", "-"], "[1]", "list of objects"),
        (["bar", "-"], "{", "cannot be read"),
        (["bar", "-"], "a,b\nx,1\nx,2\n", "'x' occurs 2 times"),
        (["bar", "-", "--value", "b"], "a,b\nx,1\ny,zz\n", "row 2: 'zz'"),
        (["bar", "-", "--value", "c"], "a,b\nx,1\n", "no column 'c'"),
        (["bar", "-"], "a,b\nx,1,2\n", "row 1 has 3 cells"),
        (["bar", "-", "--value", "b"], "a,b\nx,\n", "nothing to draw"),
        (["bar", "-", "--value", "b"], "a,b\nx,1e400\n", "not a number"),
        (["bar", "-"], "a,b\n" + "".join(f"x{n},1\n" for n in range(200)), "more than 120 bars"),
        (["line", "-", "--width", "5"], "a,b\nx,1\n", "200 to 4000"),
        (["line", "nowhere.csv"], "", "cannot read nowhere.csv"),
    ],
)
def test_what_cannot_be_drawn_honestly_is_refused(arguments: list[str], given: str, said: str, tmp_path: Path) -> None:
    assert said in refusal("svg-charts", *arguments, cwd=tmp_path, stdin=given)


def test_width_must_be_a_number(tmp_path: Path) -> None:
    assert run("svg-charts", "bar", VISITS, "--width", "wide", cwd=tmp_path).returncode == 2
