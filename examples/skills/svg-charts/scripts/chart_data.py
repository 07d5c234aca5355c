"""Labels and series of numbers from a CSV or JSON file. Drawing them is left to chart_svg.py."""

from __future__ import annotations

import csv
import difflib
import io
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from text_files import Refusal, read_text

MAX_SERIES = 8
MAX_POINTS = 5_000
MAX_VALUE = 1e15
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """For each label one value in each series; None where there is none. At least one label and one series."""

    labels: tuple[str, ...]
    series: Mapping[str, tuple[float | None, ...]]

    def __post_init__(self) -> None:
        if not self.labels or not any(value is not None for values in self.series.values() for value in values):
            raise Refusal("there is nothing to draw: no row has a value")
        if len(self.labels) > MAX_POINTS:
            raise Refusal(f"a chart shows at most {MAX_POINTS} points, here are {len(self.labels)}; aggregate first")
        if len(self.series) > MAX_SERIES:
            raise Refusal(
                f"a chart shows at most {MAX_SERIES} series, here are {len(self.series)}; choose with --value"
            )
        label, times = Counter(self.labels).most_common(1)[0]
        if times > 1:
            raise Refusal(
                f"the label {label!r} occurs {times} times; aggregate the rows first, or choose another --label"
            )


def read_data(path: str, *, label: str | None = None, values: Sequence[str] = (), encoding: str | None = None) -> Data:
    """The data of a CSV file (header and rows) or JSON file (list of objects, or label: number).

    Without `label` the first column; without `values` all other columns that hold nothing but numbers."""
    text = read_text(path, encoding=encoding)
    is_json = path.lower().endswith(".json") or (path == "-" and text.lstrip()[:1] in ("[", "{"))
    records = _from_json(text) if is_json else _from_csv(text)
    if not records:
        raise Refusal(f"{path} has no rows")
    columns = list(dict.fromkeys(column for record in records for column in record))
    label = _known(label, columns) if label else columns[0]
    chosen = [_known(value, columns) for value in values] or _number_columns(records, columns, label)
    if not chosen:
        raise Refusal(f"no column but {label!r} holds nothing but numbers; name one with --value")
    return Data(
        labels=tuple(str(record.get(label, "")) for record in records),
        series={column: tuple(_number(record.get(column), column, row) for row, record in enumerate(records, start=1))
                for column in chosen},
    )  # fmt: skip


def _from_csv(text: str) -> list[Record]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(row)]
    except csv.Error as error:
        raise Refusal(f"the CSV cannot be read: {error}") from None
    if long := next((number for number, row in enumerate(rows) if len(row) > len(rows[0])), None):
        raise Refusal(
            f"row {long} has {len(rows[long])} cells, the header {len(rows[0])}; quote cells with {delimiter!r}"
        )
    return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]] if rows else []


def _from_json(text: str) -> list[Record]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"the JSON cannot be read: {error}") from None
    if isinstance(read, dict):
        return [{"label": label, "value": value} for label, value in read.items()]
    if isinstance(read, list) and all(isinstance(record, dict) for record in read):
        return read
    raise Refusal('the JSON must be a list of objects, or an object such as {"North": 12, "South": 7}')


def _known(column: str, columns: Sequence[str]) -> str:
    if column in columns:
        return column
    near = difflib.get_close_matches(column, columns, n=3, cutoff=0.4) or columns[:8]
    raise Refusal(f"there is no column {column!r}; did you mean {' or '.join(map(repr, near))}?")


def _number_columns(records: Sequence[Record], columns: Sequence[str], label: str) -> list[str]:
    found = []
    for column in columns:
        cells = [record.get(column) for record in records]
        if column != label and all(_read(cell) is not None for cell in cells) and set(map(_read, cells)) != {math.nan}:
            found.append(column)
    return found[:MAX_SERIES]


def _number(cell: object, column: str, row: int) -> float | None:
    value = _read(cell)
    if value is None:
        raise Refusal(f"row {row}: {str(cell)[:40]!r} in column {column!r} is not a number")
    return None if math.isnan(value) else value


def _read(cell: object) -> float | None:
    """The number in a cell, NaN for a missing one, None for anything else."""
    if cell is None or (isinstance(cell, str) and cell.strip().casefold() in _MISSING):
        return math.nan
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    try:
        value = float(cell.replace(",", "")) if isinstance(cell, str) else float(cell)
    except (ValueError, OverflowError):
        return None
    return value if abs(value) <= MAX_VALUE else None
