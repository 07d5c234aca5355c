"""Commands that run what they are given: shells, other interpreters, eval, source, and files that are started."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from skillyard.skill.scan.flow.model import HOLE, NO_TAINTS, Flow, Sink, Value, known, words_in
from skillyard.skill.scan.flow.started import Run, note_flow, taints_of

if TYPE_CHECKING:
    from skillyard.skill.scan.flow.shell import Shell

SHELLS = words_in("sh bash zsh dash ksh fish ash /bin/sh /bin/bash /usr/bin/bash")
INTERPRETERS = re.compile(
    r"(?:.*/)?(?:(?:ba|z|da|k|fi|a)?sh|python[\d.]*|node|deno|bun|perl|ruby|php|osascript|pwsh|powershell)"
)
_CODE_OPTIONS = {
    "python": ("-c",),
    "node": ("-e", "--eval", "-p"),
    "perl": ("-e",),
    "ruby": ("-e",),
    "php": ("-r",),
    "osascript": ("-e",),
    "bun": ("-e",),
    "deno": ("eval",),
    "pwsh": ("-Command", "-c"),
    "powershell": ("-Command", "-c"),
}


def interpret(shell: Shell, run: Run) -> Value:
    """A shell or another interpreter: runs a text, a file or what it reads."""
    name = re.sub(r"[\d.]+$", "", run.name)
    words = run.words[1:]
    is_shell = run.words[0].texts[0] in SHELLS or name in SHELLS
    options = ("-c",) if is_shell else _CODE_OPTIONS.get(name, ())
    for number, word in enumerate(words):
        text = word.texts[0]
        if (text in options or (is_shell and re.fullmatch(r"-[a-z]*c[a-z]*", text))) and number + 1 < len(words):
            return _run_text(shell, run, words[number + 1], f"{name} {text}", is_shell)
    script = next((word for word in words if not word.texts[0].startswith("-")), None)
    if script is not None and script.texts[0] != "-":
        if script.taints and not script.texts[0].strip(HOLE):
            note_flow(shell, Sink.SHELL, run, name, script.taints, script.texts)
        start_file(shell, run, script)
        return Value(taints=taints_of(words))
    if run.stdin.taints or run.stdin.addresses or known(run.stdin.texts):
        note_flow(shell, Sink.SHELL, run, f"| {name}", run.stdin.taints, (*run.stdin.texts, *run.stdin.addresses))
        if is_shell:
            for text in known(run.stdin.texts):
                shell.run(text, shell.file, run.line, given=run.stdin.taints)
        else:
            _read_later(shell, name, run.stdin, run.line)
    return Value(taints=run.stdin.taints)


def _run_text(shell: Shell, run: Run, text: Value, how: str, is_shell: bool) -> Value:
    note_flow(shell, Sink.SHELL if is_shell else Sink.CODE, run, how, text.taints, text.texts)
    if not is_shell:
        _read_later(shell, how, text, run.line)
        return Value(taints=text.taints)
    output = NO_TAINTS
    for one in known(text.texts):
        output |= shell.run(one, shell.file, run.line, given=text.taints, stdin=run.stdin).taints
    return Value(taints=output)


def _read_later(shell: Shell, how: str, text: Value, line: int) -> None:
    language = "python" if how.startswith("python") else "javascript" if how.startswith(("node", "bun", "deno")) else ""
    if language:
        shell.code_to_read += [(shell.file, line, f"{language}:{one}") for one in known(text.texts)]


def start_file(shell: Shell, run: Run, place: Value) -> None:
    taints = NO_TAINTS.union(
        *(
            shell.files.get(text, NO_TAINTS) | shell.files.get(text.removeprefix("./"), NO_TAINTS)
            for text in place.texts
        )
    )
    note_flow(shell, Sink.PROGRAM, run, run.name, taints, place.texts)


def evaluate(shell: Shell, run: Run) -> Value:
    text = Value(texts=(" ".join(word.texts[0] for word in run.words[1:]),), taints=taints_of(run.words[1:]),
                 is_built=any(word.is_built for word in run.words[1:]))  # fmt: skip
    if text.taints or text.is_built:
        shell.trace.flows.append(
            Flow(
                sink=Sink.SHELL,
                how="eval",
                file=shell.file,
                line=run.line,
                taints=text.taints,
                texts=text.texts,
                is_hidden=text.is_built,
            )
        )
    if text.texts[0].strip(HOLE):
        return shell.run(text.texts[0], shell.file, run.line, given=text.taints)
    return Value(taints=text.taints)


def source(shell: Shell, run: Run) -> Value:
    if len(run.words) > 1:
        place = run.words[1]
        if place.taints and not place.texts[0].strip(HOLE):
            note_flow(shell, Sink.SHELL, run, "source", place.taints, place.texts)
        else:
            start_file(shell, run, place)
    return Value(texts=("",))


def trap(shell: Shell, run: Run) -> Value:
    """`trap COMMANDS SIGNAL`: they run later."""
    if len(run.words) > 2:
        for text in known(run.words[1].texts):
            shell.run(text, shell.file, run.line)
    return Value(texts=("",))
