"""Measures the scanner on hostile and benign skills, beside Cisco's on the same ones: python -m benchmarks.scan

Prints the tables of docs/scan-quality.md; with --write it puts them there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from benchmarks.scan import corpora, engines, figures
from benchmarks.scan.corpora import Sample
from benchmarks.scan.engines import Judgement

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "scan-quality.md"
_BEGIN, _END = "<!-- measured -->\n", "<!-- end of measured -->"


def main() -> None:
    options = _options()
    samples = [sample for sample in _samples(options) if options.only in f"{sample.corpus}/{sample.name}"]
    scanners = {"skillyard": engines.ours(samples)}
    if not options.ours_only:
        scanners["cisco"] = engines.cisco(samples)
    tables = report(scanners)
    print(tables)
    if options.details:
        _write_details(options.details, scanners["skillyard"])
    if options.write:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        DOCUMENT.write_text(f"{before}{_BEGIN}\n{tables}\n{_END}{after}", encoding="utf-8")


def report(scanners: dict[str, list[Judgement]]) -> str:
    """All tables, one after the other."""
    parts = [figures.corpora_table(scanners), figures.speed_table(scanners)]
    for name, judgements in scanners.items():
        parts.append(f"### Rules of {name} that call for an alarm\n\n{figures.rules_table(judgements)}")
    return "\n\n".join(parts) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scan", description=__doc__)
    parser.add_argument("--ours-only", action="store_true", help="leave out the other scanner, which is slow")
    parser.add_argument("--written-only", action="store_true", help="leave out published skills, which are downloaded")
    parser.add_argument("--only", default="", metavar="NAME", help="only samples with this in their corpus and name")
    parser.add_argument("--given", type=Path, metavar="FOLDER", help="also the skills in FOLDER/hostile and /benign")
    parser.add_argument("--details", type=Path, metavar="FOLDER", help="write false alarms and misses there")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOCUMENT.name}")
    return parser.parse_args()


def _samples(options: argparse.Namespace) -> Iterable[Sample]:
    for use in ("tune", "held_out"):
        yield from corpora.hostile(use)
    yield from corpora.look_alikes()
    if not options.written_only:
        for use in ("tune", "held_out"):
            yield from corpora.published(use)
    if options.given:
        yield from corpora.given(options.given)


def _write_details(folder: Path, judgements: list[Judgement]) -> None:
    """Only of what rules may be tuned with: what is held out stays unseen."""
    seen = [judgement for judgement in judgements if "held_out" not in judgement.sample.corpus]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "false_alarms.md").write_text(f"# False alarms\n\n{figures.false_alarms(seen)}\n", encoding="utf-8")
    (folder / "misses.md").write_text(f"# Misses\n\n{figures.misses(seen)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
