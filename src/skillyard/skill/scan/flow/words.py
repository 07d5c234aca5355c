"""The words of shell commands: quotes, variables, substitutions, and the files that are read and written."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from skillyard.skill.scan.flow.folding import concatenated
from skillyard.skill.scan.flow.model import (
    HOLE,
    NO_TAINTS,
    UNKNOWN,
    Source,
    Taint,
    Trace,
    Value,
    any_of,
    constant,
    few,
    known,
    words_in,
)  # fmt: skip
from skillyard.skill.scan.flow.places import is_secret_name, taint_of_path

MAX_DEPTH = 90
NOTHING = Value(texts=("",))
_STANDARD = words_in(
    "HOME USER PATH PWD OLDPWD SHELL TERM LANG LC_ALL TMPDIR IFS EDITOR RANDOM HOSTNAME UID EUID BASH_SOURCE "
    "LINENO PPID "
    "SECONDS COLUMNS LINES LOGNAME DISPLAY OSTYPE BASH_VERSION FUNCNAME PIPESTATUS OPTARG OPTIND REPLY HOSTTYPE"
)
_EXPANSION = re.compile(r"\$\{[!#]?(\w+)(?:\[[@*\d]\])?(?::?([-=?+])(.*))?", re.DOTALL)
_ANSI = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{1,4})|(.))", re.DOTALL)


class Words(ABC):
    """What is known of variables and files; `given`: what the holes in the text that is read hold."""

    def __init__(self, trace: Trace, files: dict[str, frozenset[Taint]]) -> None:
        self.trace = trace
        self.files = files
        self.variables: dict[str, Value] = {}
        self.given = NO_TAINTS
        self.data = b""
        self.line = 1
        self.depth = 0

    @abstractmethod
    def body(self, node: Any, stdin: Value) -> Value:
        """The output of the commands in a node."""

    def text_of(self, node: Any) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def word(self, node: Any) -> Value:
        if self.depth > MAX_DEPTH:
            return UNKNOWN
        self.depth += 1
        read = KINDS_OF_WORDS.get(node.type)
        value = read(self, node) if read is not None else self._parts(node)
        self.depth -= 1
        return value

    def _parts(self, node: Any) -> Value:
        """A string or a concatenation; what stands between its parts belongs to it."""
        values: list[Value] = []
        end = node.start_byte
        for child in node.named_children:
            values += self._between(end, child.start_byte)
            values.append(self.word(child))
            end = child.end_byte
        values += self._between(end, node.end_byte)
        values = [value for value in values if value.texts != ("",)]
        if not values:
            return constant("")
        return values[0] if len(values) == 1 else concatenated(values)

    def _between(self, start: int, end: int) -> list[Value]:
        text = self.data[start:end].decode("utf-8", "replace").strip("\"'`")
        return [constant(text)] if text else []

    def _plain(self, node: Any) -> Value:
        text = self.text_of(node)
        if "\\" in text:
            text = re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
        if HOLE in text:
            return Value(texts=(text,), taints=self.given)
        return constant(text)

    def _string_content(self, node: Any) -> Value:
        text = re.sub(r"\\([\"$`\\])", r"\1", self.text_of(node))
        return Value(texts=(text,), taints=self.given) if HOLE in text else constant(text)

    def _raw(self, node: Any) -> Value:
        text = self.text_of(node)[1:-1]
        return Value(texts=(text,), taints=self.given) if HOLE in text else constant(text)

    def _ansi(self, node: Any) -> Value:
        text = self.text_of(node)[2:-1]

        def undone(match: re.Match[str]) -> str:
            if match[1] or match[3]:
                return chr(int(match[1] or match[3], 16))
            return chr(int(match[2], 8)) if match[2] else {"n": "\n", "t": "\t"}.get(match[4], match[4])

        plain = _ANSI.sub(undone, text)
        return Value(texts=(plain,), is_built=plain != text and "x" in text)

    def _variable(self, node: Any) -> Value:
        return self.variable(self.text_of(node).lstrip("$"))

    def _expansion(self, node: Any) -> Value:
        match = _EXPANSION.match(self.text_of(node)[:-1])
        if match is None:
            return UNKNOWN
        if self.text_of(node).startswith("${#"):
            return UNKNOWN
        value = self.variable(match[1])
        inner = [self.word(child) for child in node.named_children if child.type != "variable_name"]
        if match[2] in ("-", "=", "+") and inner:
            return any_of([value, *inner]) if known(value.texts) else Value(
                texts=few([HOLE, *(text for part in inner for text in part.texts)]),
                taints=value.taints.union(*(part.taints for part in inner)),
            )  # fmt: skip
        return (
            value
            if match[2]
            else value._replace(texts=value.texts if self.text_of(node)[2:-1] == match[1] else (HOLE,))
        )

    def variable(self, name: str) -> Value:
        """What is known of a variable; one that the script does not set comes from outside."""
        if name in self.variables:
            return self.variables[name]
        if name == "HOME":
            return constant("~")
        if name in _STANDARD or not name.isupper() or not name.replace("_", "").isalnum():
            return UNKNOWN
        self.trace.variables.add(name)
        if is_secret_name(name):
            return Value(taints=frozenset({Taint(Source.SECRET_VARIABLE, name, self.line)}))
        return UNKNOWN

    def _substituted(self, node: Any) -> Value:
        redirect = next((child for child in node.named_children if child.type == "file_redirect"), None)
        if redirect is not None and redirect.child_by_field_name("destination") is not None:
            return self.read(self.word(redirect.child_by_field_name("destination")))
        output = self.body(node, UNKNOWN)
        texts = tuple(text.rstrip("\n") for text in output.texts) if output is not NOTHING else (HOLE,)
        return output._replace(texts=texts)

    def read(self, place: Value) -> Value:
        """The content of files."""
        taints = {taint for text in place.texts if (taint := taint_of_path(text, self.line))}
        self.trace.reads.update(place.texts)
        kept = NO_TAINTS.union(*(self.files.get(text, NO_TAINTS) for text in place.texts))
        return Value(taints=frozenset(taints) | kept | place.taints, addresses=place.texts)

    def write(self, path: str, taints: frozenset[Taint]) -> None:
        self.trace.writes.add(path)
        if taints and path.strip(HOLE):
            self.files[path] = self.files.get(path, NO_TAINTS) | taints


KINDS_OF_WORDS: dict[str, Callable[[Words, Any], Value]] = {
    "word": Words._plain,
    "number": Words._plain,
    "comment": lambda _, __: UNKNOWN,
    "string_content": Words._string_content,
    "raw_string": Words._raw,
    "ansi_c_string": Words._ansi,
    "simple_expansion": Words._variable,
    "expansion": Words._expansion,
    "command_substitution": Words._substituted,
    "process_substitution": Words._substituted,
    "string": Words._parts,
    "concatenation": Words._parts,
    "arithmetic_expansion": lambda _, __: UNKNOWN,
    "test_command": lambda shell, node: shell._parts(node),
}
