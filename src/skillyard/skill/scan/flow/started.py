"""A command that is about to be started, and what its kinds have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skillyard.skill.scan.flow.model import NO_TAINTS, Flow, Sink, Source, Taint, Value, few

if TYPE_CHECKING:
    from skillyard.skill.scan.flow.shell import Shell


class Run(NamedTuple):
    """A simple command about to be started."""

    words: list[Value]
    stdin: Value
    line: int
    evidence: str

    @property
    def name(self) -> str:
        return self.words[0].texts[0].rpartition("/")[2]

    def texts(self) -> list[str]:
        return [word.texts[0] for word in self.words]


def note_flow(shell: Shell, sink: Sink, run: Run, how: str, taints: frozenset[Taint], texts: tuple[str, ...]) -> None:
    shell.trace.flows.append(Flow(sink=sink, how=how, file=shell.file, line=run.line, taints=taints, texts=few(texts)))


def taints_of(values: list[Value]) -> frozenset[Taint]:
    return NO_TAINTS.union(*(value.taints for value in values)) if values else NO_TAINTS


def downloads_in(taints: set[Taint]) -> set[Taint]:
    return {taint for taint in taints if taint.source is Source.DOWNLOAD}
