"""What the judgements of a scanner amount to, as tables in Markdown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from benchmarks.scan.engines import Judgement

_MIB = 1 << 20


def by_corpus(judgements: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    """In the order in which they were scanned."""
    corpora: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        corpora.setdefault(judgement.sample.corpus, []).append(judgement)
    return corpora


def share(judgements: Sequence[Judgement], *verdicts: str) -> float:
    """How many of a hundred have one of the verdicts."""
    return 100 * sum(judgement.verdict in verdicts for judgement in judgements) / max(1, len(judgements))


def percentile(values: Iterable[float], hundredth: int) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * hundredth / 100) - 1)]


def corpora_table(scanners: dict[str, list[Judgement]]) -> str:
    """A row for each corpus, with two columns for each scanner: alarms and fails."""
    head = "".join(f" {name}: flagged or fail | {name}: fail |" for name in scanners)
    lines = [f"| corpus | skills |{head}", f"|---|--:|{'--:|--:|' * len(scanners)}"]
    split = {name: by_corpus(judgements) for name, judgements in scanners.items()}
    for corpus, first in next(iter(split.values())).items():
        cells = "".join(
            f" {share(of[corpus], 'flagged', 'fail'):.1f} % | {share(of[corpus], 'fail'):.1f} % |"
            for of in split.values()
        )
        lines.append(f"| {corpus} | {len(first)} |{cells}")
    return "\n".join(lines)


def speed_table(scanners: dict[str, list[Judgement]]) -> str:
    lines = ["| scanner | p50 | p95 | longest | peak memory |", "|---|--:|--:|--:|--:|"]
    for name, judgements in scanners.items():
        times = [judgement.seconds * 1000 for judgement in judgements]
        peak = max(judgement.peak_bytes for judgement in judgements) / _MIB
        cells = (f"{value:,.0f} ms" for value in (percentile(times, 50), percentile(times, 95), max(times)))
        lines.append(f"| {name} | {' | '.join(cells)} | {peak:,.0f} MiB |")
    return "\n".join(lines)


def rules_table(judgements: Sequence[Judgement]) -> str:
    """How often each rule called for an alarm, and how often rightly."""
    hostile = [judgement for judgement in judgements if judgement.sample.hostile]
    rightly = Counter(rule for judgement in hostile for rule in judgement.rules)
    wrongly = Counter(rule for judgement in judgements if not judgement.sample.hostile for rule in judgement.rules)
    lines = ["| rule | hostile | benign | precision | recall |", "|---|--:|--:|--:|--:|"]
    for rule in sorted(rightly | wrongly, key=lambda rule: (-rightly[rule], wrongly[rule], rule)):
        precision = 100 * rightly[rule] / (rightly[rule] + wrongly[rule])
        recall = 100 * rightly[rule] / max(1, len(hostile))
        lines.append(f"| `{rule}` | {rightly[rule]} | {wrongly[rule]} | {precision:.0f} % | {recall:.1f} % |")
    return "\n".join(lines)


def false_alarms(judgements: Sequence[Judgement]) -> str:
    """Each benign skill that was flagged, with what called for it; the most frequent rules first."""
    wrong = [judgement for judgement in judgements if judgement.is_alarm and not judgement.sample.hostile]
    often = Counter(rule for judgement in wrong for rule in judgement.rules)
    lines = [f"- {rule}: {count}" for rule, count in often.most_common()]
    for judgement in sorted(wrong, key=lambda one: -max((often[rule] for rule in one.rules), default=0)):
        lines.append(f"\n## {judgement.sample.name} ({judgement.verdict})")
        lines += [_told(finding) for finding in judgement.findings if finding["grave"]]
    return "\n".join(lines)


def misses(judgements: Sequence[Judgement]) -> str:
    """Each hostile skill that was not flagged, with its technique and the notes that there were."""
    missed = [judgement for judgement in judgements if judgement.sample.hostile and not judgement.is_alarm]
    often = Counter(judgement.sample.name.partition("/")[0] for judgement in missed)
    lines = [f"- {group}: {count}" for group, count in often.most_common()]
    for judgement in missed:
        lines.append(f"\n## {judgement.sample.name}: {judgement.sample.technique}")
        lines += [_told(finding) for finding in judgement.findings]
    return "\n".join(lines)


def _told(finding: dict[str, object]) -> str:
    place = f"{finding['file']}:{finding['line']}"
    return f"- {finding['rule']} ({finding['severity']} {finding['confidence']}) {place} {finding['evidence']}"
