"""Bar and line charts as standalone SVG text: no scripts, no fonts, no ids, so that several fit into one page.

The same data gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import text_kit
from chart_data import Data
from chart_scale import Scale, full, positions, short, ticks
from text_files import Refusal

# Okabe and Ito's palette: told apart also with the common forms of colour blindness.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#7a6f00", "#4d4d4d")
MAX_BARS = 120
MIN_SIZE, MAX_SIZE = 200, 4_000

_INK, _GRID, _PAPER = "#374151", "#e5e7eb", "#ffffff"
_FONT_PX, _LETTER_PX, _LINE_PX, _GAP_PX = 12, 6.8, 18, 12
_MAX_LABELLED_BARS = 24
_MAX_DOTS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Title and size in pixels."""

    title: str = ""
    width: int = 720
    height: int = 400

    def __post_init__(self) -> None:
        if not all(MIN_SIZE <= size <= MAX_SIZE for size in (self.width, self.height)):
            raise Refusal(f"width and height must be from {MIN_SIZE} to {MAX_SIZE}, not {self.width} x {self.height}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """The rectangle that is left for the drawing itself."""

    left: float
    top: float
    right: float
    bottom: float


def bar_chart(data: Data, frame: Frame, *, horizontal: bool | None = None) -> str:
    """Grouped bars, from zero; lying ones by choice or when the labels do not fit under standing ones."""
    if len(data.labels) * len(data.series) > MAX_BARS:
        raise Refusal(f"more than {MAX_BARS} bars cannot be read; keep the largest ones, or draw a line chart")
    if horizontal is None:
        slot_px = (frame.width - 60) / len(data.labels)
        horizontal = any(_text_px(label) > slot_px for label in data.labels)
    return _lying_bars(data, frame) if horizontal else _standing_bars(data, frame)


def _standing_bars(data: Data, frame: Frame) -> str:
    marks = ticks(min(0, *_values(data)), max(0, *_values(data)))
    head, top = _head(data, frame)
    left = max(map(_text_px, short(*marks))) + _GAP_PX * 2
    plot = _Plot(left=left, top=top, right=frame.width - _GAP_PX, bottom=frame.height - _LINE_PX - _GAP_PX)
    scale = Scale(marks[0], marks[-1], plot.bottom, plot.top)
    slot_px = (plot.right - plot.left) / len(data.labels)
    bar_px = slot_px * 0.76 / len(data.series)
    parts = _value_axis(plot, scale, marks)
    for place, label in enumerate(data.labels):
        middle = plot.left + slot_px * (place + 0.5)
        parts.append(_text(middle, plot.bottom + _LINE_PX, _fit(label, slot_px), anchor="middle"))
        for number, (name, values) in enumerate(data.series.items()):
            if (value := values[place]) is not None:
                x = middle + bar_px * (number - len(data.series) / 2)
                y, zero = scale.at(value), scale.at(0)
                area = (x, min(y, zero), bar_px * 0.94, abs(y - zero))
                parts.append(_bar(area, number, f"{label}, {name}: {full(value)}"))
                if _shows_figures(data):
                    parts.append(_text(x + bar_px * 0.47, min(y, zero) - 4, short(value)[0], anchor="middle"))
    parts.append(_rule(plot.left, scale.at(0), plot.right, scale.at(0), _INK))
    return _svg(data, frame, head + parts)


def _lying_bars(data: Data, frame: Frame) -> str:
    marks = ticks(min(0, *_values(data)), max(0, *_values(data)))
    head, top = _head(data, frame)
    row_px = max(24.0, 12.0 * len(data.series))
    frame = Frame(
        title=frame.title, width=frame.width, height=max(MIN_SIZE, round(top + row_px * len(data.labels) + 40))
    )
    widest = min(max(map(_text_px, data.labels)), frame.width * 0.4)
    plot = _Plot(left=widest + _GAP_PX * 2, top=top, right=frame.width - 44, bottom=top + row_px * len(data.labels))
    scale = Scale(marks[0], marks[-1], plot.left, plot.right)
    parts = []
    for mark, shown in zip(marks, short(*marks), strict=True):
        parts.append(_rule(scale.at(mark), plot.top, scale.at(mark), plot.bottom, _GRID))
        parts.append(_text(scale.at(mark), plot.bottom + _LINE_PX, shown, anchor="middle"))
    bar_px = row_px * 0.76 / len(data.series)
    for place, label in enumerate(data.labels):
        middle = plot.top + row_px * (place + 0.5)
        parts.append(_text(plot.left - _GAP_PX / 2, middle + 4, _fit(label, widest), anchor="end"))
        for number, (name, values) in enumerate(data.series.items()):
            if (value := values[place]) is not None:
                y = middle + bar_px * (number - len(data.series) / 2)
                x, zero = scale.at(value), scale.at(0)
                area = (min(x, zero), y, abs(x - zero), bar_px * 0.94)
                parts.append(_bar(area, number, f"{label}, {name}: {full(value)}"))
                if _shows_figures(data):
                    parts.append(_text(max(x, zero) + 4, y + bar_px * 0.47 + 4, short(value)[0]))
    parts.append(_rule(scale.at(0), plot.top, scale.at(0), plot.bottom, _INK))
    return _svg(data, frame, head + parts)


def line_chart(data: Data, frame: Frame, *, from_zero: bool = False) -> str:
    """One line for each series, broken where a value is missing; numbers and ISO dates stand to scale."""
    values = [*_values(data), *([0.0] if from_zero else [])]
    marks = ticks(min(values), max(values))
    head, top = _head(data, frame)
    left = max(map(_text_px, short(*marks))) + _GAP_PX * 2
    plot = _Plot(left=left, top=top, right=frame.width - _GAP_PX * 2, bottom=frame.height - _LINE_PX - _GAP_PX)
    down = Scale(marks[0], marks[-1], plot.bottom, plot.top)
    places = positions(data.labels)
    around = 0 if len(places) > 1 else 1
    across = Scale(places[0] - around, places[-1] + around, plot.left, plot.right)
    parts = _value_axis(plot, down, marks) + _label_axis(plot, data.labels, [across.at(place) for place in places])
    for number, (name, series) in enumerate(data.series.items()):
        points = [
            (across.at(place), down.at(value), f"{label}, {name}: {full(value)}") if value is not None else None
            for place, label, value in zip(places, data.labels, series, strict=True)
        ]
        parts += _line(points, PALETTE[number])
    return _svg(data, frame, head + parts)


def _line(points: Sequence[tuple[float, float, str] | None], colour: str) -> list[str]:
    path, parts = "", []
    for before, point in zip([None, *points], points, strict=False):
        if point:
            path += f"{'L' if before else 'M'}{_px(point[0])} {_px(point[1])}"
    parts.append(_tag("path", d=path, fill="none", stroke=colour, stroke_width=2, stroke_linejoin="round"))
    alone = [
        point for before, point, after in zip([None, *points], points, [*points[1:], None], strict=False)
        if point and not before and not after
    ]  # fmt: skip
    dots = points if len(points) <= _MAX_DOTS else alone
    parts += [
        _tag("circle", _tag("title", _said(dot[2])), cx=dot[0], cy=dot[1], r=3, fill=colour) for dot in dots if dot
    ]
    return parts


def _values(data: Data) -> list[float]:
    return [value for values in data.series.values() for value in values if value is not None]


def _shows_figures(data: Data) -> bool:
    return len(data.series) == 1 and len(data.labels) <= _MAX_LABELLED_BARS


def _head(data: Data, frame: Frame) -> tuple[list[str], float]:
    """Title and legend, and where they end."""
    parts, y = [], float(_GAP_PX)
    if frame.title:
        y += _LINE_PX
        title = _fit(frame.title, (frame.width - _GAP_PX * 2) * 0.78)
        parts.append(_text(_GAP_PX, y, title, size=16, weight="600"))
        y += _GAP_PX
    if len(data.series) > 1:
        x = float(_GAP_PX)
        for number, name in enumerate(data.series):
            shown = _fit(name, frame.width / 3)
            if x > _GAP_PX and x + _text_px(shown) + 24 > frame.width:
                x, y = float(_GAP_PX), y + _LINE_PX
            parts.append(_tag("rect", x=x, y=y, width=10, height=10, fill=PALETTE[number]))
            parts.append(_text(x + 15, y + 9, shown))
            x += _text_px(shown) + 30
        y += _LINE_PX
    return parts, y + _GAP_PX


def _value_axis(plot: _Plot, scale: Scale, marks: Sequence[float]) -> list[str]:
    parts = []
    for mark, shown in zip(marks, short(*marks), strict=True):
        parts.append(_rule(plot.left, scale.at(mark), plot.right, scale.at(mark), _GRID))
        parts.append(_text(plot.left - _GAP_PX / 2, scale.at(mark) + 4, shown, anchor="end"))
    return parts


def _label_axis(plot: _Plot, labels: Sequence[str], places_px: Sequence[float]) -> list[str]:
    """As many labels as fit beside each other, from the left."""
    parts, free_from = [], -1e9
    for label, x in zip(labels, places_px, strict=True):
        shown = _fit(label, 120)
        half = _text_px(shown) / 2
        x = min(max(x, half + 2), plot.right + _GAP_PX * 2 - half - 2)
        if x - half >= free_from:
            parts.append(_text(x, plot.bottom + _LINE_PX, shown, anchor="middle"))
            free_from = x + half + _GAP_PX
    return parts


def _svg(data: Data, frame: Frame, parts: Iterable[str]) -> str:
    about = f"{', '.join(data.series)} by label, {len(data.labels)} labels from {data.labels[0]} to {data.labels[-1]}"
    body = [
        _tag("title", _said(frame.title or ", ".join(data.series))),
        _tag("desc", _said(about)),
        _tag("rect", width=frame.width, height=frame.height, fill=_PAPER),
        *parts,
    ]
    size: dict[str, str | float] = {"width": frame.width, "height": frame.height}
    view = f"0 0 {frame.width} {frame.height}"
    font: dict[str, str | float] = {"font_family": "system-ui, sans-serif", "font_size": _FONT_PX}
    inside = "\n" + "\n".join(body) + "\n"
    return _tag("svg", inside, xmlns="http://www.w3.org/2000/svg", viewBox=view, role="img", **size, **font) + "\n"


def _bar(area: tuple[float, float, float, float], number: int, said: str) -> str:
    x, y, width, height = area
    return _tag("rect", _tag("title", _said(said)), x=x, y=y, width=width, height=height, fill=PALETTE[number])


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return _tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour)


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = _FONT_PX, weight: str = "400") -> str:
    extra: dict[str, str | float] = {} if size == _FONT_PX else {"font_size": size, "font_weight": weight}
    return _tag("text", _said(text), x=x, y=y, text_anchor=anchor, fill=_INK, **extra)


def _tag(name: str, inside: str = "", **attributes: str | float) -> str:
    """One element; `inside` is markup already, attributes are escaped."""
    shown = "".join(
        f' {key.replace("_", "-")}="{escape(_px(value) if isinstance(value, int | float) else value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{shown}>{inside}</{name}>" if inside else f"<{name}{shown}/>"


def _px(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _said(text: str) -> str:
    """Text for XML: one line, escaped, without what XML 1.0 forbids."""
    legal = re.sub(r"[\ud800-\udfff\ufffe\uffff]", "\ufffd", text_kit.normalise(text))
    return escape(" ".join(legal.split()))


def _text_px(text: str) -> float:
    return text_kit.display_width(text) * _LETTER_PX


def _fit(text: str, room_px: float) -> str:
    return text_kit.truncate(text, max(1, int(room_px / _LETTER_PX + 1e-6)))
