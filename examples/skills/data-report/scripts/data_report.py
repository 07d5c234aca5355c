#!/usr/bin/env python3
"""A report of a CSV file in Markdown or HTML, made with the skills csv-tables and svg-charts beside this one.

What it says is left to report_sections.py."""

from __future__ import annotations

import argparse
import base64
import string
import sys
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

SKILLS = Path(__file__).absolute().parents[2]
NEEDED = ("text-kit", "csv-tables", "svg-charts")

sys.dont_write_bytecode = True  # running a skill must not change its folder
sys.path[:0] = [str(SKILLS / skill / "scripts") for skill in NEEDED]
try:
    import text_kit
    from csv_read import Table, is_missing, read_table
    from csv_tables import kind_of, profile, to_markdown
    from report_sections import Question, Section, sections, suggest
    from text_files import Refusal, guard, write_text
except ModuleNotFoundError as missing:
    absent = [f"yard/{skill}" for skill in NEEDED if not (SKILLS / skill / "scripts").is_dir()]
    print(f"data_report: needs {', '.join(absent) or missing.name}, which is not in {SKILLS}", file=sys.stderr)
    print(f"Install it beside this skill: skillyard install {' '.join(absent)}", file=sys.stderr)
    sys.exit(3)

TEMPLATE = Path(__file__).absolute().parents[1] / "assets" / "report.html"


def to_markdown_report(title: str, parts: Sequence[Section], pictures: Sequence[str], *, decimal: str) -> str:
    """The report as Markdown; `pictures` are the addresses of the charts in order, empty to leave them out."""
    addresses = iter(pictures)
    blocks = [f"# {text_kit.escape_cell(title)}"]
    for part in parts:
        blocks.append(f"## {text_kit.escape_cell(part.heading)}")
        if part.sentences:
            blocks.append(text_kit.escape_markdown(" ".join(part.sentences)))
        if part.chart and pictures:
            blocks.append(f"![{text_kit.escape_cell(part.heading)}]({next(addresses)})")
        if part.table:
            blocks.append(to_markdown(part.table, decimal=decimal).rstrip("\n"))
    return "\n\n".join(blocks) + "\n"


def to_html_report(title: str, parts: Sequence[Section], source: str, *, decimal: str) -> str:
    """The report as one HTML page with its charts inside."""
    blocks = []
    for part in parts:
        sentences = f"<p>{escape(' '.join(part.sentences))}</p>\n" if part.sentences else ""
        table = _html_table(part.table, decimal) if part.table else ""
        blocks.append(f"<section>\n<h2>{escape(part.heading)}</h2>\n{sentences}{part.chart or ''}{table}</section>")
    template = string.Template(TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(title=escape(title), body="\n".join(blocks), source=escape(source))


def _html_table(table: Table, decimal: str) -> str:
    columns = [[cell for cell in table.values(column) if not is_missing(cell)] for column in table.columns]
    kinds = (kind_of(cells, decimal=decimal) for cells in columns)
    classes = [' class="number"' if kind in ("integer", "number") else "" for kind in kinds]
    head = "".join(f"<th{one}>{escape(name)}</th>" for name, one in zip(table.columns, classes, strict=True))
    rows = (
        "".join(f"<td{one}>{escape(cell)}</td>" for cell, one in zip(row, classes, strict=True)) for row in table.rows
    )
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    return f'<div class="wide"><table>\n<tr>{head}</tr>\n{body}</table></div>\n'


def _question(table: Table, options: argparse.Namespace) -> Question:
    """What was asked; what the columns suggest when nothing was."""
    asked = Question(by=options.by, over=options.over, amount=options.sum)
    for column in filter(None, (asked.by, asked.over, asked.amount)):
        table.place(column)
    profiles = profile(table, decimal=options.decimal)
    if asked == Question():
        asked = suggest(profiles)
        chosen = {"--by": asked.by, "--over": asked.over, "--sum": asked.amount}
        said = " ".join(f"{option} {column!r}" for option, column in chosen.items() if column)
        print(f"data_report: note: chose {said or 'the profile only'}", file=sys.stderr)
    elif not (asked.by or asked.over):
        raise Refusal(f"--sum {asked.amount} needs --by or --over; columns are {', '.join(table.columns)}")
    return asked


def _write(title: str, parts: Sequence[Section], options: argparse.Namespace) -> list[str]:
    """Write the report and the charts beside it; the names of the files, none for standard output."""
    output = None if options.output in (None, "-") else Path(options.output)
    charts = [part.chart for part in parts if part.chart]
    if options.format == "html":
        write_text(output, to_html_report(title, parts, _origin(options), decimal=options.decimal))
        return [str(output)] if output else []
    files = _chart_files(output, len(charts)) if output and not options.embed else []
    for file, svg in zip(files, charts, strict=False):
        write_text(file, svg)
    if not output and not options.embed and charts:
        print("data_report: note: charts are left out without --output or --embed", file=sys.stderr)
    addresses = [_as_address(svg) for svg in charts] if options.embed else [file.name for file in files]
    write_text(output, to_markdown_report(title, parts, addresses, decimal=options.decimal))
    return [str(file) for file in (output, *files)] if output else []


def _origin(options: argparse.Namespace) -> str:
    return "Standard input" if options.file == "-" else Path(options.file).name


def _chart_files(output: Path, charts: int) -> list[Path]:
    """Charts beside a report, named so that the Markdown needs no escaping: report.svg, report-2.svg."""
    stem = text_kit.slugify(output.stem, fallback="chart")
    return [
        output.with_name(f"{stem}-{number}.svg" if number > 1 else f"{stem}.svg") for number in range(1, charts + 1)
    ]


def _as_address(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="data_report.py", description="Make a report of a CSV file, with charts.")
    parser.add_argument("file", help="the CSV or TSV file, - for standard input")
    parser.add_argument("--by", metavar="COLUMN", help="compare the groups of this column (bars)")
    parser.add_argument("--over", metavar="COLUMN", help="follow this column of ISO dates (line)")
    parser.add_argument("--sum", metavar="COLUMN", help="add this column up; without it, rows are counted")
    parser.add_argument("--title", help="heading of the report (default: the file's name)")
    parser.add_argument("--rows", type=int, default=0, help="also show the first rows of the file (default: none)")
    parser.add_argument("--format", choices=("markdown", "html"), help="default: by the output's ending, else markdown")
    parser.add_argument("--embed", action="store_true", help="put charts into the Markdown instead of beside it")
    parser.add_argument("--decimal", choices=(".", ","), default=".", help="decimal sign of numbers (default: .)")
    parser.add_argument("--encoding", help="default: byte order mark, else UTF-8")
    parser.add_argument("-o", "--output", help="write this file; charts of Markdown go beside it")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns 0, or 1 when the input was refused (2 is bad usage, 3 a missing skill)."""
    options = _parser().parse_args(arguments)
    if options.format is None:
        options.format = "html" if str(options.output).lower().endswith((".html", ".htm")) else "markdown"

    def work() -> int:
        table = read_table(options.file, encoding=options.encoding)
        title = options.title or Path(_origin(options)).stem
        parts = sections(table, _question(table, options), rows=max(0, options.rows), decimal=options.decimal)
        parts = [replace(part, heading=part.heading[:1].upper() + part.heading[1:]) for part in parts]
        if written := _write(title, parts, options):
            print(f"Wrote {' and '.join(written)}")
        return 0

    return guard("data_report", work)


if __name__ == "__main__":
    sys.exit(main())
