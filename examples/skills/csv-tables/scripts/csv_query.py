"""Questions to a table: which rows, in which order, and what they amount to. Reading and showing are left to others."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median
from typing import Any

from csv_read import Table, is_date, is_missing, number
from text_files import Refusal

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
_STATES: dict[str, Callable[[str, str], bool]] = {
    "empty": lambda cell, _: is_missing(cell),
    "filled": lambda cell, _: not is_missing(cell),
    "number": lambda cell, decimal: number(cell, decimal=decimal) is not None,
    "date": lambda cell, _: is_date(cell),
}
_REST = re.compile(r"\s*(<=|>=|!=|!~|[<>=~])\s*(.*)|\s+is\s+(not\s+)?(\w+)\s*", re.DOTALL)

Keep = Callable[[tuple[str, ...]], bool]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of an aggregation, for example the sum of a column."""

    kind: str
    column: str


COUNT = Measure("count", "")


def read_condition(text: str, table: Table, *, decimal: str = ".") -> Keep:
    """`COLUMN OP VALUE` or `COLUMN is [not] STATE` as a test of a row. Raises Refusal."""
    place, sign, wanted, negated, state = _split_condition(text.strip(), table)
    if sign:
        return _comparison(place, sign, wanted.strip().strip("'\""), decimal)
    if state not in _STATES:
        raise Refusal(f"a cell is {', '.join(_STATES)}, or not; there is no {state!r} (in {text!r})")
    return lambda row: _STATES[state](row[place], decimal) is not bool(negated)


def _split_condition(text: str, table: Table) -> tuple[int, str | None, str, str | None, str | None]:
    """Column, sign and value, or `not` and state; the longest column name that makes sense wins."""
    for name in sorted(table.columns, key=len, reverse=True):
        if text.startswith(name) and (rest := _REST.fullmatch(text, len(name))):
            return table.columns.index(name), rest[1], rest[2] or "", rest[3], rest[4]
    if named := re.match(r"(.+?)\s*(?:[<>=!~]|\bis\b)", text):
        table.place(named[1])
    raise Refusal(f"the condition {text!r} is not like 'price >= 10', 'name ~ text' or 'price is not empty'")


def _comparison(place: int, sign: str, wanted: str, decimal: str) -> Keep:
    if sign in ("~", "!~"):
        return lambda row: (wanted.casefold() in row[place].casefold()) is (sign == "~")
    order = _ORDERS[sign]
    limit = number(wanted, decimal=decimal)

    def keep(row: tuple[str, ...]) -> bool:
        found = number(row[place], decimal=decimal)
        if limit is not None and found is not None:
            return order(found, limit)
        if sign not in ("=", "!=") and (limit is not None or is_missing(row[place])):
            return False
        return order(row[place].strip(), wanted)

    return keep


def choose(
    table: Table, *, where: Sequence[str] = (), sort: Sequence[str] = (), columns: Sequence[str] = (),
    limit: int | None = None, decimal: str = ".",
) -> Table:  # fmt: skip
    """The rows that meet all conditions, sorted (`-column` for descending), at most `limit`, with these columns."""
    conditions = [read_condition(text, table, decimal=decimal) for text in where]
    rows = [row for row in table.rows if all(keep(row) for keep in conditions)]
    for name in reversed(sort):
        down = name not in table.columns and name.startswith("-")
        place = table.place(name[1:] if down else name)
        filled = [row for row in rows if not is_missing(row[place])]
        filled.sort(key=lambda row: _sort_key(row[place], decimal), reverse=down)
        rows = filled + [row for row in rows if is_missing(row[place])]
    chosen = columns or table.columns
    places = [table.place(column) for column in chosen]
    picked = (tuple(row[place] for place in places) for row in rows[:limit])
    return replace(table, columns=tuple(chosen), rows=tuple(picked))


def _sort_key(cell: str, decimal: str) -> tuple[int, Decimal, str]:
    value = number(cell, decimal=decimal)
    return (1, Decimal(0), cell.strip().casefold()) if value is None else (0, value, "")


def aggregate(table: Table, *, by: Sequence[str], measures: Sequence[Measure], decimal: str = ".") -> Table:
    """One row for each combination of the `by` columns (in order), one column for each measure."""
    places = [table.place(column) for column in by]
    groups: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for row in table.rows:
        groups.setdefault(tuple(row[place].strip() for place in places), []).append(row)
    ordered = sorted(groups, key=lambda key: [_sort_key(cell, decimal) for cell in key])
    rows = []
    for key in ordered:
        figures = (_measured(table, measure, groups[key], decimal) for measure in measures)
        rows.append((*key, *(show_number(figure, decimal=decimal) for figure in figures)))
    names = (f"{measure.kind} of {measure.column}" if measure.column else "rows" for measure in measures)
    return Table(columns=(*by, *names), rows=tuple(rows))


def _measured(table: Table, measure: Measure, rows: list[tuple[str, ...]], decimal: str) -> Decimal | None:
    if measure.kind == "count":
        return Decimal(len(rows))
    place = table.place(measure.column)
    cells = [row[place] for row in rows if not is_missing(row[place])]
    if measure.kind == "distinct":
        return Decimal(len({cell.strip() for cell in cells}))
    numbers = [_must_be_number(cell, measure.column, decimal) for cell in cells]
    return MEASURES[measure.kind](numbers) if numbers else None


def _must_be_number(cell: str, column: str, decimal: str) -> Decimal:
    value = number(cell, decimal=decimal)
    if value is None:
        advice = f"leave such rows out with --where '{column} is number', or set --decimal"
        raise Refusal(f"{cell[:40]!r} in column {column!r} is not a number; {advice}")
    return value


def _mean(numbers: list[Decimal]) -> Decimal:
    return _rounded(sum(numbers, Decimal(0)) / len(numbers))


def _rounded(value: Decimal) -> Decimal:
    """At most four decimals, without zeros at the end."""
    return Decimal(f"{value:.4f}".rstrip("0").rstrip(".")) if abs(value) < 10**15 else value


MEASURES: dict[str, Callable[[list[Decimal]], Decimal]] = {
    "sum": lambda numbers: sum(numbers, Decimal(0)),
    "mean": _mean,
    "median": lambda numbers: _rounded(median(numbers)),
    "min": min,
    "max": max,
}


def show_number(value: Decimal | None, *, decimal: str = ".") -> str:
    """A number as people write it; empty for None, with an exponent only beyond 15 digits."""
    if value is None:
        return ""
    text = f"{value:f}" if -15 < value.adjusted() < 15 else f"{value:.6e}"
    return text.replace(".", decimal)
