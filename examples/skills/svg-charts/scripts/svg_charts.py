#!/usr/bin/env python3
"""Bar and line charts from CSV or JSON as standalone SVG. Reading is left to chart_data.py, drawing to chart_svg.py."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

TEXT_KIT = Path(__file__).absolute().parents[2] / "text-kit" / "scripts"

sys.dont_write_bytecode = True  # running a skill must not change its folder
sys.path.insert(0, str(TEXT_KIT))
try:
    from chart_data import Data, read_data
    from chart_svg import Frame, bar_chart, line_chart
    from text_files import guard, write_text
except ModuleNotFoundError as missing:
    print(f"svg_charts: needs the skill yard/text-kit; there is no {missing.name} in {TEXT_KIT}", file=sys.stderr)
    print("Install it beside this skill: skillyard install yard/text-kit", file=sys.stderr)
    sys.exit(3)


def _draw_bars(data: Data, frame: Frame, options: argparse.Namespace) -> str:
    return bar_chart(data, frame, horizontal=options.horizontal)


def _draw_lines(data: Data, frame: Frame, options: argparse.Namespace) -> str:
    return line_chart(data, frame, from_zero=options.from_zero)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="svg_charts.py", description="Draw a bar or line chart as standalone SVG.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("file", help="CSV with a header, or JSON; - for standard input")
    shared.add_argument("--label", metavar="COLUMN", help="what the bars or points are called (default: first column)")
    shared.add_argument("--value", dest="values", action="append", default=[], metavar="COLUMN",
                        help="a series; repeatable (default: all columns of numbers)")  # fmt: skip
    shared.add_argument("--title", default="", help="shown above the chart and read by screen readers")
    shared.add_argument("--width", type=int, default=720, help="pixels (default: 720)")
    shared.add_argument("--height", type=int, default=400, help="pixels (default: 400; lying bars take what they need)")
    shared.add_argument("--encoding", help="default: byte order mark, else UTF-8")
    shared.add_argument("-o", "--output", help="write this file instead of standard output")
    about = "Compare quantities of a few things."
    bar = commands.add_parser("bar", help=about, description=about, parents=[shared])
    bar.set_defaults(draw=_draw_bars)
    way = bar.add_mutually_exclusive_group()
    way.add_argument("--horizontal", action="store_true", default=None, help="lying bars")
    way.add_argument("--vertical", dest="horizontal", action="store_false", help="standing bars (default: what fits)")
    about = "Show how quantities change along dates, numbers or steps."
    line = commands.add_parser("line", help=about, description=about, parents=[shared])
    line.set_defaults(draw=_draw_lines)
    line.add_argument("--from-zero", action="store_true", help="let the value axis include zero")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns 0, or 1 when the input was refused (2 is bad usage, 3 a missing skill)."""
    options = _parser().parse_args(arguments)

    def work() -> int:
        frame = Frame(title=options.title, width=options.width, height=options.height)
        data = read_data(options.file, label=options.label, values=options.values, encoding=options.encoding)
        write_text(options.output, options.draw(data, frame, options))
        return 0

    return guard("svg_charts", work)


if __name__ == "__main__":
    sys.exit(main())
