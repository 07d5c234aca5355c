#!/usr/bin/env python3
"""Profile a CSV file, show it as aligned Markdown, filter, sort and aggregate it. Reading is left to csv_read.py,
the questions to csv_query.py."""

from __future__ import annotations

import argparse
import csv
import functools
import io
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TEXT_KIT = Path(__file__).absolute().parents[2] / "text-kit" / "scripts"

sys.dont_write_bytecode = True  # running a skill must not change its folder
sys.path.insert(0, str(TEXT_KIT))
try:
    import text_kit
    from csv_query import COUNT, MEASURES, Measure, aggregate, choose, show_number
    from csv_read import DELIMITERS, Table, is_date, is_missing, number, read_table
    from text_files import guard, write_text
except ModuleNotFoundError as missing:
    print(f"csv_tables: needs the skill yard/text-kit; there is no {missing.name} in {TEXT_KIT}", file=sys.stderr)
    print("Install it beside this skill: skillyard install yard/text-kit", file=sys.stderr)
    sys.exit(3)

Command = Callable[[Table, argparse.Namespace], Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is in one column; the figures are empty where they make no sense."""

    column: str
    kind: str
    filled: int
    missing: int
    distinct: int
    least: str
    greatest: str
    mean: str
    common: str


def profile(table: Table, *, decimal: str = ".") -> list[Profile]:
    """One Profile for each column."""
    return [_profile_column(column, table.values(column), decimal) for column in table.columns]


def _profile_column(column: str, cells: list[str], decimal: str) -> Profile:
    filled = [cell.strip() for cell in cells if not is_missing(cell)]
    kind = kind_of(filled, decimal=decimal)
    numbers = [value for value in (number(cell, decimal=decimal) for cell in filled) if value is not None]
    ranked: list[str] = sorted(filled) if kind == "date" else []
    if kind in ("integer", "number"):
        ranked = [show_number(value, decimal=decimal) for value in (min(numbers), max(numbers))]
    often = sorted(Counter(filled).items(), key=lambda item: (-item[1], item[0]))[:3]
    return Profile(
        column=column, kind=kind, filled=len(filled), missing=len(cells) - len(filled), distinct=len(set(filled)),
        least=ranked[0] if ranked else "", greatest=ranked[-1] if ranked else "",
        mean=show_number(MEASURES["mean"](numbers), decimal=decimal) if ranked and numbers else "",
        common=", ".join(f"{text_kit.truncate(cell, 24)} ({times})" for cell, times in often if times > 1),
    )  # fmt: skip


def kind_of(cells: list[str], *, decimal: str = ".") -> str:
    """What all filled cells of a column are: integer, number, date, boolean, text; or empty."""
    if not cells:
        return "empty"
    numbers = [number(cell, decimal=decimal) for cell in cells]
    if all(value is not None for value in numbers):
        return "integer" if all(value == int(value) for value in numbers if value is not None) else "number"
    if all(is_date(cell) for cell in cells):
        return "date"
    return "boolean" if {cell.casefold() for cell in cells} <= {"true", "false", "yes", "no"} else "text"


def profile_table(profiles: list[Profile]) -> Table:
    """The profiles as a table, one column of the file in each row."""
    rows = (
        (one.column, one.kind, str(one.filled), str(one.missing), str(one.distinct), one.least, one.greatest, one.mean,
         one.common)
        for one in profiles
    )  # fmt: skip
    columns = ("column", "kind", "filled", "missing", "distinct", "least", "greatest", "mean", "most frequent")
    return Table(columns=columns, rows=tuple(rows))


def to_markdown(table: Table, *, max_width: int = 80, decimal: str = ".") -> str:
    """An aligned Markdown table, numbers to the right, cells cut to `max_width` columns (0: not cut)."""
    cut = functools.partial(text_kit.truncate, width=max_width) if max_width else str
    columns = []
    for place, name in enumerate(table.columns):
        cells = [text_kit.escape_cell(cut(" ".join(row[place].split()))) for row in table.rows]
        kind = kind_of([row[place] for row in table.rows if not is_missing(row[place])], decimal=decimal)
        columns.append(_markdown_column(text_kit.escape_cell(name), cells, right=kind in ("integer", "number")))
    return "".join(f"| {' | '.join(line)} |\n" for line in zip(*columns, strict=True))


def _markdown_column(name: str, cells: list[str], *, right: bool) -> list[str]:
    width = max(3, *(text_kit.display_width(cell) for cell in (name, *cells)))
    rule = "-" * (width - 1) + (":" if right else "-")
    padding = [" " * (width - text_kit.display_width(cell)) for cell in (name, *cells)]
    padded = [blank + cell if right else cell + blank for cell, blank in zip((name, *cells), padding, strict=True)]
    return [padded[0], rule, *padded[1:]]


def to_csv(table: Table) -> str:
    """The table with commas and minimal quotes, lines ending in `\\n`."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([table.columns, *table.rows])
    return text.getvalue()


def to_json(table: Table, *, decimal: str = ".") -> str:
    """A list of objects: missing cells are null, columns that hold only numbers hold numbers."""
    kinds = [kind_of([c for c in table.values(name) if not is_missing(c)], decimal=decimal) for name in table.columns]

    def value(cell: str, kind: str) -> object:
        found = number(cell, decimal=decimal) if kind in ("integer", "number") else None
        if is_missing(cell):
            return None
        return cell if found is None else int(found) if found == int(found) else float(found)

    records = []
    for row in table.rows:
        values = (value(cell, kind) for cell, kind in zip(row, kinds, strict=True))
        records.append(dict(zip(table.columns, values, strict=True)))
    return json.dumps(records, ensure_ascii=False, indent=2) + "\n"


def _profile_command(table: Table, options: argparse.Namespace) -> Table:
    return profile_table(profile(table, decimal=options.decimal))


def _select_command(table: Table, options: argparse.Namespace) -> Table:
    return choose(
        table,
        where=options.where,
        sort=options.sort,
        columns=options.columns,
        limit=options.limit,
        decimal=options.decimal,
    )


def _aggregate_command(table: Table, options: argparse.Namespace) -> Table:
    kept = choose(table, where=options.where, decimal=options.decimal)
    measures = list(dict.fromkeys(options.measures or [COUNT]))
    result = aggregate(kept, by=options.by, measures=measures, decimal=options.decimal)
    return choose(result, sort=options.sort, limit=options.limit, decimal=options.decimal)


def _show(table: Table, options: argparse.Namespace) -> str:
    if options.format == "csv":
        return to_csv(table)
    if options.format == "json":
        return to_json(table, decimal=options.decimal)
    return to_markdown(table, max_width=options.max_width, decimal=options.decimal)


def _whole_number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _delimiter(text: str) -> str:
    if len(found := DELIMITERS.get(text, text)) != 1 or found in '"\r\n':
        raise argparse.ArgumentTypeError(f"{text!r} is neither one character nor {', '.join(DELIMITERS)}")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="csv_tables.py", description="Profile, show, filter and aggregate CSV files.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("file", help="the CSV file, - for standard input")
    shared.add_argument("--encoding", help="default: byte order mark, else UTF-8")
    shared.add_argument("--delimiter", type=_delimiter, help="a character, or comma, semicolon, tab, pipe")
    shared.add_argument("--decimal", choices=(".", ","), default=".", help="decimal sign of numbers (default: .)")
    shared.add_argument("--no-header", dest="header", action="store_false", help="the first row is data")
    shared.add_argument("--format", choices=("markdown", "csv", "json"), default="markdown")
    shared.add_argument("--max-width", type=_whole_number, default=80, help="cut Markdown cells (default: 80, 0: no)")
    shared.add_argument("-o", "--output", help="write this file instead of standard output")
    rows = argparse.ArgumentParser(add_help=False)
    rows.add_argument("--where", action="append", default=[], metavar="CONDITION", help="'price >= 10'; repeatable")
    rows.add_argument("--sort", action="append", default=[], metavar="COLUMN", help="--sort=-COLUMN: descending")
    rows.add_argument("--limit", type=_whole_number, help="at most so many rows")

    def command(name: str, about: str, work: Command, *more: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about, parents=[shared, *more])
        made.set_defaults(work=work)
        return made

    command("profile", "Say what is in each column.", _profile_command)
    one = command("select", "Convert a file; choose rows and columns.", _select_command, rows)
    one.add_argument("--column", dest="columns", action="append", default=[], help="keep this column; repeat for more")
    one = command("aggregate", "Group rows and measure them.", _aggregate_command, rows)
    one.add_argument("--by", action="append", default=[], metavar="COLUMN", help="group by it; repeat for more")
    one.add_argument("--count", dest="measures", action="append_const", const=COUNT, help="number of rows")
    for kind in (*MEASURES, "distinct"):
        measure = functools.partial(Measure, kind)
        one.add_argument(f"--{kind}", dest="measures", action="append", type=measure, metavar="COLUMN")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns 0, or 1 when the input was refused (2 is bad usage, 3 a missing skill)."""
    options = _parser().parse_args(arguments)

    def work() -> int:
        table = read_table(options.file, encoding=options.encoding, delimiter=options.delimiter, header=options.header)
        for note in table.notes:
            print(f"csv_tables: note: {note}", file=sys.stderr)
        result = options.work(table, options)
        if not result.rows:
            print("csv_tables: note: no row is left", file=sys.stderr)
        write_text(options.output, _show(result, options))
        return 0

    return guard("csv_tables", work)


if __name__ == "__main__":
    sys.exit(main())
