"""What a report says: which columns to look at, and for each question a sentence, a table and a chart.

Spelling it as Markdown or HTML is left to data_report.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from chart_data import Data
from chart_svg import Frame, bar_chart, line_chart
from csv_query import COUNT, Measure, aggregate, choose, show_number
from csv_read import Table, is_date, is_missing, number
from csv_tables import Profile, profile, profile_table
from text_files import Refusal

MOST_GROUPS = 40
MOST_DAYS = 62
_NO_AMOUNTS = ("id", "no", "nr", "number", "year", "zip", "code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One question and its answer, as plain text; the chart is SVG."""

    heading: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None
    chart: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Columns to group by, to follow over time, and to add up; None where there is none."""

    by: str | None = None
    over: str | None = None
    amount: str | None = None

    @property
    def measure(self) -> Measure:
        return Measure("sum", self.amount) if self.amount else COUNT

    @property
    def measured(self) -> str:
        return self.amount or "rows"


def suggest(profiles: Sequence[Profile]) -> Question:
    """The question that the columns suggest: few repeated texts, a date, and a number that is no identifier."""
    groups = [one for one in profiles if one.kind in ("text", "boolean") and 2 <= one.distinct <= one.filled // 2]
    groups = [one for one in groups if one.distinct <= MOST_GROUPS and one.filled > one.missing]
    dates = [one.column for one in profiles if one.kind == "date" and one.distinct > 2]
    amounts = [one for one in profiles if one.kind in ("number", "integer") and not _is_identifier(one.column)]
    amounts.sort(key=lambda one: one.kind, reverse=True)
    return Question(
        by=min(groups, key=lambda one: one.distinct).column if groups else None,
        over=dates[0] if dates else None,
        amount=amounts[0].column if amounts else None,
    )


def _is_identifier(column: str) -> bool:
    return column.casefold().replace("_", " ").rpartition(" ")[2] in _NO_AMOUNTS


def sections(table: Table, question: Question, *, rows: int = 0, decimal: str = ".") -> list[Section]:
    """All sections of a report, the answers first. Raises Refusal when the columns do not fit the question."""
    if not table.rows:
        raise Refusal("the file has a header and no rows")
    answers = []
    if question.over:
        answers.append(_over_time(table, question.over, question, decimal))
    if question.by:
        answers.append(_by_group(table, question.by, question, decimal))
    answers.append(_columns(table, decimal))
    if rows:
        first = choose(table, limit=rows)
        answers.append(Section(heading=f"First {len(first.rows)} rows", table=first))
    return answers


def _by_group(table: Table, by: str, question: Question, decimal: str) -> Section:
    measured = _name(question)
    totals = aggregate(table, by=[by], measures=[question.measure, COUNT], decimal=decimal)
    totals = choose(totals, sort=[f"-{measured}"], columns=_once(by, measured, "rows"), decimal=decimal)
    shown = replace(totals, rows=totals.rows[:MOST_GROUPS])
    sentences = _largest(totals, measured, decimal)
    if len(totals.rows) > MOST_GROUPS:
        sentences.append(f"Only the {MOST_GROUPS} largest of {len(totals.rows)} groups are shown.")
    heading = f"{question.measured} by {by}"
    chart = _draw(shown, measured, heading, decimal)
    return Section(heading=heading, sentences=tuple(sentences), table=shown, chart=chart)


def _over_time(table: Table, over: str, question: Question, decimal: str) -> Section:
    place = table.place(over)
    dated = replace(table, rows=tuple(row for row in table.rows if not is_missing(row[place])))
    if strange := next((cell for cell in dated.values(over) if not is_date(cell)), None):
        raise Refusal(f"{strange[:40]!r} in column {over!r} is not an ISO date such as 2026-03 or 2026-03-09")
    sentences = []
    if len(set(dated.values(over))) > MOST_DAYS:
        months = (tuple(cell[:7] if at == place else cell for at, cell in enumerate(row)) for row in dated.rows)
        dated = replace(dated, rows=tuple(months))
        sentences.append("Days are added up to months.")
    measured = _name(question)
    totals = aggregate(dated, by=[over], measures=[question.measure], decimal=decimal)
    totals = choose(totals, sort=[over], decimal=decimal)
    heading = f"{question.measured} over time"
    chart = _draw(totals, measured, heading, decimal, line=True)
    return Section(heading=heading, sentences=(*_course(totals, measured, decimal), *sentences), chart=chart)


def _columns(table: Table, decimal: str) -> Section:
    profiles = profile(table, decimal=decimal)
    empty = sum(one.missing for one in profiles)
    sentence = f"{len(table.rows)} rows, {len(table.columns)} columns, {empty} empty cells."
    return Section(heading="What is in the file", sentences=(sentence, *table.notes), table=profile_table(profiles))


def _name(question: Question) -> str:
    return f"sum of {question.amount}" if question.amount else "rows"


def _once(*columns: str) -> list[str]:
    return list(dict.fromkeys(columns))


def _figures(totals: Table, column: str, decimal: str) -> list[tuple[str, Decimal]]:
    """First cell and figure of each row that has one."""
    cells = zip(totals.rows, totals.values(column), strict=True)
    found = ((row[0], number(cell, decimal=decimal)) for row, cell in cells)
    return [(label, figure) for label, figure in found if figure is not None]


def _largest(totals: Table, column: str, decimal: str) -> list[str]:
    figures = _figures(totals, column, decimal)
    if len(figures) < 2 or min(figure for _, figure in figures) < 0 or not any(figure for _, figure in figures):
        return []
    whole = sum((figure for _, figure in figures), Decimal(0))
    label, most = figures[0]
    share = f"{most / whole:.1%}".replace(".", decimal)
    return [f"{label or '(empty)'} is the largest: {_said(most, decimal)} of {_said(whole, decimal)} ({share})."]


def _course(totals: Table, column: str, decimal: str) -> list[str]:
    figures = _figures(totals, column, decimal)
    if len(figures) < 2:
        return []
    (first, began), (last, ended) = figures[0], figures[-1]
    top, most = max(figures, key=lambda one: one[1])
    return [
        f"From {_said(began, decimal)} ({first}) to {_said(ended, decimal)} ({last}).",
        f"The highest is {_said(most, decimal)} ({top}).",
    ]


def _said(figure: Decimal, decimal: str) -> str:
    return show_number(figure, decimal=decimal)


def _draw(totals: Table, column: str, title: str, decimal: str, *, line: bool = False) -> str | None:
    """The chart, or None when there are fewer than two figures to compare."""
    figures = _figures(totals, column, decimal)
    if len(figures) < 2:
        return None
    data = Data(
        labels=tuple(label or "(empty)" for label, _ in figures),
        series={column: tuple(float(figure) for _, figure in figures)},
    )
    return line_chart(data, Frame(title=title)) if line else bar_chart(data, Frame(title=title))
