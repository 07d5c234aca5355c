"""A CSV file as a table of text, whatever its delimiter and encoding; and what a cell means: number, date, nothing."""

from __future__ import annotations

import csv
import difflib
import io
import re
import sys
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from text_files import Refusal, read_text

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "#n/a"})
MAX_COLUMNS = 2_000

_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d{1,2})?")
_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:[T ]\d{2}:\d{2}\S*)?)?")
_CURRENCY = "$\u20ac\u00a3\u00a5"
_SNIFFED_CHARS = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text, each as long as `columns`; `notes` says what had to be mended while reading."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def place(self, column: str) -> int:
        """The index of a column. Raises Refusal and names the nearest ones."""
        if column in self.columns:
            return self.columns.index(column)
        near = difflib.get_close_matches(column, self.columns, n=3, cutoff=0.4) or self.columns[:8]
        raise Refusal(f"there is no column {column!r}; did you mean {' or '.join(map(repr, near))}?")

    def values(self, column: str) -> list[str]:
        """All cells of a column, from the top."""
        place = self.place(column)
        return [row[place] for row in self.rows]


def read_table(
    path: str | Path, *, encoding: str | None = None, delimiter: str | None = None, header: bool = True
) -> Table:
    """The table of a file, or of standard input for `-`. Short rows are filled up; longer ones are refused."""
    text = read_text(path, encoding=encoding)
    name = "standard input" if str(path) == "-" else str(path)
    records = _records(text, delimiter or sniff(text), name=name)
    if not records:
        raise Refusal(f"{name} has no rows")
    width = len(records[0][1]) if header else max(len(record) for _, record in records)
    names = records[0][1] if header else [f"column_{number}" for number in range(1, width + 1)]
    columns, notes = _column_names(names)
    rows, short = _even(records[1:] if header else records, len(columns))
    if short:
        notes.append(f"rows too short, filled up with empty cells: {len(short)}, the first at line {short[0]}")
    return Table(columns=tuple(columns), rows=tuple(rows), notes=tuple(notes))


def sniff(text: str) -> str:
    """The delimiter that cuts the first records most evenly into more than one column; comma when none does."""
    scores: dict[str, tuple[float, int]] = {}
    for delimiter in DELIMITERS.values():
        head = csv.reader(io.StringIO(text[:_SNIFFED_CHARS], newline=""), delimiter=delimiter)
        widths = Counter(len(record) for record, _ in zip(head, range(50), strict=False) if record)
        width, often = widths.most_common(1)[0] if widths else (1, 0)
        scores[delimiter] = (often / widths.total(), width) if width > 1 else (0, 0)
    return max(scores, key=lambda delimiter: scores[delimiter])


def _records(text: str, delimiter: str, *, name: str) -> list[tuple[int, list[str]]]:
    """All records that are not blank, each with the line on which it ends."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    if "\0" in text:
        raise Refusal(f"{name} holds NUL characters: it is not a CSV file, or in UTF-16 (try --encoding utf-16-le)")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [(reader.line_num, record) for record in reader if any(cell.strip() for cell in record)]
    except csv.Error as error:
        where = f"{name}, near line {reader.line_num}"
        raise Refusal(f"{where}: {error}; a quote inside a quoted cell is written twice") from None


def _column_names(names: list[str]) -> tuple[list[str], list[str]]:
    """Names that are all there and all different, and what was changed."""
    if len(names) > MAX_COLUMNS:
        raise Refusal(f"{len(names)} columns are too many (at most {MAX_COLUMNS}); is the delimiter right?")
    columns: list[str] = []
    notes: list[str] = []
    for number, name in enumerate(names, start=1):
        column = wanted = " ".join(name.split()) or f"column_{number}"
        again = 1
        while column in columns:
            again += 1
            column = f"{wanted}_{again}"
        if column != " ".join(name.split()):
            notes.append(f"column {number} had {'a name already used' if name.strip() else 'no name'}: now {column!r}")
        columns.append(column)
    return columns, notes


def _even(records: list[tuple[int, list[str]]], width: int) -> tuple[list[tuple[str, ...]], list[int]]:
    """Rows of exactly `width` cells, and the lines of those that were short."""
    rows: list[tuple[str, ...]] = []
    short: list[int] = []
    for line, record in records:
        while len(record) > width and not record[-1].strip():
            record.pop()
        if len(record) > width:
            found = f"line {line} has {len(record)} cells, the header {width}"
            raise Refusal(f"{found}; put quotes around cells that hold the delimiter")
        if len(record) < width:
            short.append(line)
        rows.append((*record, *[""] * (width - len(record))))
    return rows, short


def is_missing(cell: str) -> bool:
    """Whether a cell holds nothing: empty, NA, N/A, NaN, null, none."""
    return cell.strip().casefold() in MISSING


def number(cell: str, *, decimal: str = ".") -> Decimal | None:
    """The number in a cell, with thousands separators, a currency sign or a percent sign; None for all else.

    Digits with a leading zero (postcodes, article numbers) are no numbers."""
    text = cell.strip().strip(_CURRENCY + "%").strip().replace("\u2212", "-")
    if decimal == ",":
        text = text.translate({ord(","): ".", ord("."): ",", 0xA0: ",", 0x202F: ","})
    if not _NUMBER.fullmatch(text) or not any(letter.isdigit() for letter in text.partition("e")[0].partition("E")[0]):
        return None
    digits = text.lstrip("+-")
    if digits[0] == "0" and digits[1:2].isdigit():
        return None
    return Decimal(text.replace(",", ""))


def is_date(cell: str) -> bool:
    """Whether a cell holds an ISO 8601 month, day or time; these also sort rightly as text."""
    return _DATE.fullmatch(cell.strip()) is not None
