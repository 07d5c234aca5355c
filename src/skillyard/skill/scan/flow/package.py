"""Reads all scripts of a skill, and those in its texts, and follows the data through them together."""

from __future__ import annotations

import posixpath
import re
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from skillyard.skill.scan.flow.bindings import OutOfStepsError
from skillyard.skill.scan.flow.effects import Effects
from skillyard.skill.scan.flow.interpreter import Interpreter
from skillyard.skill.scan.flow.javascript_tree import parse_javascript
from skillyard.skill.scan.flow.model import Trace, words_in
from skillyard.skill.scan.flow.python_tree import TooDeepError, parse_python
from skillyard.skill.scan.flow.tree import Node
from skillyard.skill.scan.subject import Kind, Part, ScanFile, Subject, View

MAX_PARSED_CHARS = {Kind.PYTHON: 256_000, Kind.JAVASCRIPT: 120_000, Kind.SHELL: 200_000}
MAX_ALL_PARSED_CHARS = 600_000
_LONGEST_MEAN_LINE = 300
_MOST_INNER_TEXTS = 20
_MOST_INNER_CHARS = 50_000
_LANGUAGES = (Kind.PYTHON, Kind.SHELL, Kind.JAVASCRIPT)
_INLINE = re.compile(
    r"(?<!`)`((?:sudo |nohup )?(?:curl|wget|tail|cat|tar|bash|sh|python3?|node|eval|echo|source|kubectl|gh|nc|scp|"
    r"rsync|base64|openssl|rm|chmod|env|printenv|security)\s[^`\n]{6,600})`(?!`)"
)
_SPEAKS_AGAINST = re.compile(
    r"^\s*\||\b(?:never|not|don't) (?:run|use|execute|paste|type|call|do)\b|\b(?:avoid|refuse[ds]?|block(?:ed|s)?|"
    r"dangerous|malicious|attack\w*|detect\w*|suspicious|unsafe|forbidden|deny|denied|e\.g\.|such as|instead|"
    r"red flags?|flag(?:s|ged)?|harmful|risky|warn\w*|pattern)\b",
    re.IGNORECASE,
)
_BUILT_IN = words_in("set echo printf cd export test [ [[ : true false exit return shift local read trap source . eval")
_PLACES_OF_EXAMPLES = re.compile(
    r"(?:^|/)(?:references?|docs?|examples?|tests?|fixtures|templates?|resources|assets|evals?|samples?|__tests__)/|"
    r"(?:^|/)(?:readme|changelog|contributing|examples?)[^/]*$|[._-]test\.|\.spec\.|(?:^|/)test_", re.IGNORECASE,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One script, or one piece of code in a text. `lines`: the line of the file for each line of `text`."""

    key: str
    file: str
    kind: Kind
    text: str = field(repr=False)
    via: tuple[str, ...] = ()
    is_document: bool = False
    view: View | None = field(default=None, repr=False)
    line: int = 0  # of all of it, for a text that stood in one line

    @property
    def is_example(self) -> bool:
        return _PLACES_OF_EXAMPLES.search(self.file) is not None

    def line_of(self, line: int) -> int:
        """The line of the file for a line of this unit."""
        if self.line:
            return self.line
        return self.view.line_at(self._start(line)) if self.view is not None else line

    def _start(self, line: int) -> int:
        position = 0
        for _ in range(line - 1):
            position = self.text.find("\n", position) + 1
            if position == 0:
                return len(self.text)
        return position

    def source_line(self, line: int) -> str:
        """The line as it is written."""
        start = self._start(line)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else None].strip()[:400]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the scripts themselves reach, without the pieces of code in texts; addresses, paths and names as met."""

    addresses: frozenset[str]
    reads: frozenset[str]
    writes: frozenset[str]
    variables: frozenset[str]
    starts_programs: bool
    unknown: int  # addresses that are only known when the scripts run


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was seen, and the units by the name that flows give as their file."""

    trace: Trace
    units: dict[str, Unit]
    reach: Reach


_last: tuple[weakref.ref[Subject], Analysis] | None = None


def analysis_of(subject: Subject) -> Analysis:
    """Made once for each subject, however often it is asked for in a row."""
    global _last
    last = _last
    if last is not None and last[0]() is subject:
        return last[1]
    analysis = _analyse(subject)
    _last = (weakref.ref(subject), analysis)
    return analysis


def _analyse(subject: Subject) -> Analysis:
    """Scripts first, the small ones before the large; then the code that texts show."""
    trace = Trace()
    effects = Effects(trace)
    units = {unit.key: unit for unit in _units(subject)}
    ordered = sorted(units.values(), key=lambda unit: (unit.is_example, len(unit.text)))
    budget = MAX_ALL_PARSED_CHARS
    budget = _follow([unit for unit in ordered if unit.view is None], effects, units, budget)
    reach = _reach_of(trace, units)
    _follow([unit for unit in ordered if unit.view is not None], effects, units, budget)
    return Analysis(trace, units, reach)


def _follow(chosen: list[Unit], effects: Effects, units: dict[str, Unit], budget: int) -> int:
    """Go through these units together; what is left of the budget."""
    trace = effects.trace
    trees: dict[str, tuple[Node, ...]] = {}
    for unit in chosen:
        if not _is_readable(unit) or budget < len(unit.text):
            trace.by_pattern.append(unit.key)
            continue
        budget -= len(unit.text)
        if unit.kind is Kind.SHELL:
            _run_shell(unit, effects)
        else:
            _parse(unit, trace, trees)
    _interpret({key: trees[key] for key in units if key in trees}, effects, trace)
    _inner_texts(effects, units)
    return budget


def _reach_of(trace: Trace, units: dict[str, Unit]) -> Reach:
    programs = any(
        command.words and command.words[0] not in _BUILT_IN and command.file in units for command in trace.commands
    )
    return Reach(
        addresses=frozenset(trace.hosts), reads=frozenset(trace.reads), writes=frozenset(trace.writes),
        variables=frozenset(trace.variables), starts_programs=trace.starts_programs or programs, unknown=trace.unknown,
    )  # fmt: skip


def _is_readable(unit: Unit) -> bool:
    if len(unit.text) > MAX_PARSED_CHARS[unit.kind]:
        return False
    mean = len(unit.text) / (unit.text.count("\n") + 1)
    return unit.kind is not Kind.JAVASCRIPT or mean < _LONGEST_MEAN_LINE or len(unit.text) < 5000


def _run_shell(unit: Unit, effects: Effects) -> None:
    effects.shell.script(unit.text, unit.key)
    if effects.shell.left <= 0:
        effects.trace.too_complex.append(unit.key)


def _parse(unit: Unit, trace: Trace, trees: dict[str, tuple[Node, ...]]) -> None:
    try:
        trees[unit.key] = parse_python(unit.text) if unit.kind is Kind.PYTHON else parse_javascript(unit.text)
    except TooDeepError:
        (trace.too_complex if not unit.is_document else trace.by_pattern).append(unit.key)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        repaired = _repaired(unit) if unit.kind is Kind.PYTHON else None
        if repaired is None:
            trace.not_parsed.append((unit.key, type(error).__name__))
        else:
            trees[unit.key] = repaired


def _repaired(unit: Unit) -> tuple[Node, ...] | None:
    """Fragments in texts and cells of notebooks have indentation, prompts and commands that are no Python."""
    lines = [re.sub(r"^(?:>>>|\.\.\.) ?", "", line) for line in unit.text.split("\n")]
    kept = [line if not line.lstrip().startswith(("!", "%", "$ ")) else "" for line in lines]
    for text in (
        "\n".join(kept),
        "if 1:\n" + "\n".join(kept),
        re.sub(r"(?m)^(\s*)print (.*)$", r"\1print(\2)", unit.text),
    ):
        try:
            return parse_python(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _interpret(trees: dict[str, tuple[Node, ...]], effects: Effects, trace: Trace) -> None:
    if not trees:
        return
    find = _finder(set(trees))
    try:
        Interpreter(trees, find, effects).run()
    except OutOfStepsError:
        trace.too_complex.append(next(iter(trees)))
    except RecursionError:
        trace.too_complex.append(next(iter(trees)))


def _inner_texts(effects: Effects, units: dict[str, Unit]) -> None:
    """Constant texts that scripts run as code are read as scripts of their own."""
    for _ in range(2):
        texts = [*effects.code_to_read, *effects.shell.code_to_read]
        effects.code_to_read, effects.shell.code_to_read = [], []
        for key, line, text in texts[:_MOST_INNER_TEXTS]:
            outer = units.get(key)
            if outer is None or len(text) > _MOST_INNER_CHARS:
                continue
            named, _, code = text.partition(":") if text.startswith(("python:", "javascript:")) else ("", "", text)
            kind = Kind(named) if named else outer.kind if outer.kind is not Kind.SHELL else Kind.PYTHON
            inner = Unit(
                key=f"{key}#{line}#{len(units)}", file=outer.file, kind=kind, text=code,
                via=(*outer.via, "run as code"),
                is_document=outer.is_document, line=outer.line_of(line),
            )  # fmt: skip
            trees: dict[str, tuple[Node, ...]] = {}
            units[inner.key] = inner
            _parse(inner, Trace(), trees)
            _interpret(trees, effects, effects.trace)


def _units(subject: Subject) -> Iterator[Unit]:
    scripts = {file.path for file in subject.files if file.kind in _LANGUAGES}
    for file in subject.files:
        if file.text is None:
            continue
        if file.kind in _LANGUAGES:
            yield Unit(key=file.path, file=file.path, kind=file.kind, text=file.text)
        elif (recipe := _recipe(file)) is not None:
            yield Unit(key=file.path, file=file.path, kind=Kind.SHELL, text=recipe)
    for number, view in enumerate(subject.views):
        if view.part is Part.CODE and view.kind in _LANGUAGES and not _is_script_itself(view, scripts):
            is_document = not view.is_disguised
            yield Unit(
                key=f"{view.file}#{number}", file=view.file, kind=view.kind, text=_plain(view), via=view.via,
                is_document=is_document, view=view,
            )  # fmt: skip
        elif view.part is Part.PROSE and view.kind is Kind.MARKDOWN and not view.via:
            yield from _inline_commands(number, view)


def _inline_commands(number: int, view: View) -> Iterator[Unit]:
    """What stands between backquotes in running text and reads as a command, as one script of all its lines."""
    if "`" not in view.text:
        return
    lines = ["" if _SPEAKS_AGAINST.search(line) else line for line in view.text.split("\n")]
    commands = ["; ".join(_INLINE.findall(line)) if "`" in line else "" for line in lines]
    if any(commands):
        yield Unit(
            key=f"{view.file}#{number}", file=view.file, kind=Kind.SHELL, text="\n".join(commands), via=view.via,
            is_document=True, view=_lined(view, commands),
        )  # fmt: skip


def _lined(view: View, commands: list[str]) -> View:
    """The same file with the commands as its text, line by line."""
    starts, lines, ours, theirs = [], [], 0, 0
    for command, line in zip(commands, view.text.split("\n"), strict=True):
        starts.append(ours)
        lines.append(view.line_at(theirs))
        ours += len(command) + 1
        theirs += len(line) + 1
    return replace(view, text="\n".join(commands), starts=tuple(starts), lines=tuple(lines))


def _is_script_itself(view: View, scripts: set[str]) -> bool:
    return view.file in scripts and view.via in ((), ("utf-16",), ("normalised",))


def _plain(view: View) -> str:
    """Without the prompts that show which lines are typed."""
    if view.kind is not Kind.SHELL or "$ " not in view.text:
        return view.text
    return re.sub(r"(?m)^\$ ", "  ", view.text)


def _recipe(file: ScanFile) -> str | None:
    """The commands of a Makefile or a Dockerfile, each in its line."""
    name = file.name.lower()
    text = file.text or ""
    if name in ("makefile", "gnumakefile") or name.endswith(".mk"):
        lines = [line.lstrip("\t@-+") if line.startswith("\t") else "" for line in text.split("\n")]
        return re.sub(r"\$\((\w+)\)", r"${\1}", "\n".join(lines)).replace("$$", "$")
    if name == "dockerfile" or name.endswith(".dockerfile"):
        return re.sub(r"(?m)^(?!RUN\b|\s).*$", "", text).replace("RUN ", "    ")
    return None


def _finder(paths: set[str]) -> Callable[[str, str], str | None]:
    """Finds the script of a package that an import names."""
    by_stem: dict[str, list[str]] = {}
    for path in sorted(paths):
        if "#" not in path:
            by_stem.setdefault(posixpath.basename(path).rpartition(".")[0], []).append(path)

    def find(module: str, importer: str) -> str | None:
        folder = posixpath.dirname(importer.partition("#")[0])
        if not importer.endswith((".py", ".pyw")) and (module.startswith((".", "/")) or "/" in module):
            if not module.startswith("."):
                return None
            base = posixpath.normpath(posixpath.join(folder, module))
            stem = re.sub(r"\.(?:js|mjs|cjs|ts)$", "", base)
            tried = [base, *(f"{stem}{end}" for end in (".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", "/index.js"))]
            return next((path for path in tried if path in paths), None)
        plain = module.lstrip(".").replace(".", "/")
        levels = len(module) - len(module.lstrip("."))
        for _ in range(max(0, levels - 1)):
            folder = posixpath.dirname(folder)
        for base in (posixpath.join(folder, plain), plain):
            for path in (f"{base}.py", f"{base}/__init__.py"):
                if path in paths and path != importer:
                    return path
        stems = by_stem.get(plain.rpartition("/")[2], []) if "/" in plain or levels else []
        return stems[0] if len(stems) == 1 and stems[0] != importer else None

    return find
