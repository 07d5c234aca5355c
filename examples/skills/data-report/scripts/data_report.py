#!/usr/bin/env python3
"""A report of a CSV file in Markdown or HTML, made with the skills csv-tables and svg-charts beside this one."""

from __future__ import annotations

import argparse
import html
import json
import subprocess
import sys
import tempfile
from pathlib import Path

SKILLS = Path(__file__).absolute().parents[2]
TABLES = SKILLS / "csv-tables" / "scripts" / "csv_tables.py"
CHARTS = SKILLS / "svg-charts" / "scripts" / "svg_charts.py"
MOST_BARS = 40


class Refusal(Exception):
    """The data or the surroundings do not allow a report; the text says what to do."""


def run(script: Path, *arguments: str) -> str:
    """What a script of another skill prints. Its notes go on to standard error."""
    done = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=False)
    sys.stderr.write(done.stderr)
    if done.returncode:
        raise Refusal(f"{script.name} could not do it; its message is above.")
    return done.stdout


def totals(source: Path, by: str, value: str) -> list[dict[str, object]]:
    """Groups with their sums, largest first."""
    asked = ["--by", by, "--sum", value, f"--sort=-sum of {value}", "--format", "json"]
    rows: list[dict[str, object]] = json.loads(run(TABLES, "aggregate", str(source), *asked))
    return rows


def chart(rows: list[dict[str, object]], by: str, value: str, title: str) -> str:
    """A bar chart of the largest groups, as SVG."""
    column = f"sum of {value}"
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "groups.json"
        data.write_text(json.dumps([{by: row[by], column: row[column]} for row in rows[:MOST_BARS]]), encoding="utf-8")
        return run(CHARTS, "bar", str(data), "--label", by, "--value", column, "--title", title)


def sections(source: Path, options: argparse.Namespace) -> tuple[list[tuple[str, str]], str | None]:
    """Headings with Markdown below them, and the chart if there is one."""
    found = [("What is in the file", run(TABLES, "profile", str(source)))]
    if not options.by:
        return found, None
    rows = totals(source, options.by, options.sum)
    if not rows:
        raise Refusal(f"{source} has no rows to group.")
    asked = ["--by", options.by, "--sum", options.sum, "--count", f"--sort=-sum of {options.sum}"]
    heading = f"{options.sum} by {options.by}"
    table = run(TABLES, "aggregate", str(source), *asked)
    note = f"\nThe chart shows the {MOST_BARS} largest of {len(rows)} groups.\n" if len(rows) > MOST_BARS else ""
    return [(heading, table + note), *found], chart(rows, options.by, options.sum, heading)


def to_markdown(title: str, parts: list[tuple[str, str]], picture: str | None) -> str:
    text = f"# {title}\n\n" + (f"![{parts[0][0]}]({picture})\n\n" if picture else "")
    return text + "\n".join(f"## {heading}\n\n{body.strip()}\n" for heading, body in parts)


def to_html(title: str, parts: list[tuple[str, str]], svg: str | None) -> str:
    body = "".join(
        f"<h2>{html.escape(heading)}</h2>\n<pre>{html.escape(text.strip())}</pre>\n" for heading, text in parts
    )
    style = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{overflow:auto}"
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>\n'
        f"<style>{style}</style>\n<h1>{html.escape(title)}</h1>\n{svg or ''}\n{body}</html>\n"
    )


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("source", type=Path, help="the CSV or TSV file")
    made.add_argument("--by", metavar="COLUMN", help="group the rows by this column")
    made.add_argument("--sum", metavar="COLUMN", help="add this column up in each group")
    made.add_argument("--title", help="heading of the report; else the file's name")
    made.add_argument("--format", choices=["markdown", "html"], default="markdown")
    made.add_argument("--output", type=Path, help="where to write it; else standard output")
    return made


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if bool(options.by) != bool(options.sum):
        parser().error("--by and --sum belong together")
    try:
        return report(options)
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1


def report(options: argparse.Namespace) -> int:
    for script in (TABLES, CHARTS):
        if not script.is_file():
            name = script.parents[1].name
            raise Refusal(f"the skill {name} is not beside this one; install it: skillyard install yard/{name}")
    if not options.source.is_file():
        raise Refusal(f"there is no file {options.source}")
    title = options.title or options.source.stem
    parts, svg = sections(options.source, options)
    if options.format == "html":
        return write(options.output, to_html(title, parts, svg), [])
    if options.output is None:
        return write(None, to_markdown(title, parts, None), [])
    picture = options.output.with_suffix(".svg")
    beside = [(picture, svg)] if svg else []
    return write(options.output, to_markdown(title, parts, picture.name if svg else None), beside)


def write(output: Path | None, text: str, beside: list[tuple[Path, str]]) -> int:
    if output is None:
        sys.stdout.write(text)
        return 0
    files = [(output, text), *beside]
    for path, content in files:
        path.write_text(content, encoding="utf-8")
    print("Wrote " + " and ".join(str(path) for path, _ in files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
