"""Goes through shell scripts, with the grammar of tree-sitter-bash: what each command reads, passes on and starts."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import tree_sitter
import tree_sitter_bash

from skillyard.skill.scan.flow.commands import run_command
from skillyard.skill.scan.flow.folding import concatenated
from skillyard.skill.scan.flow.model import (
    HOLE,
    NO_TAINTS,
    UNKNOWN,
    Command,
    Source,
    Taint,
    Trace,
    Value,
    any_of,
    constant,
    few,
    known,
    words_in,
)
from skillyard.skill.scan.flow.places import is_secret_name, taint_of_path
from skillyard.skill.scan.flow.started import Run

MAX_COMMANDS = 20_000
MAX_CHARS = 200_000
_MAX_DEPTH = 90
_MAX_NESTED = 4
_NOTHING = Value(texts=("",))
_STANDARD = words_in(
    "HOME USER PATH PWD OLDPWD SHELL TERM LANG LC_ALL TMPDIR IFS EDITOR RANDOM HOSTNAME UID EUID BASH_SOURCE "
    "LINENO PPID "
    "SECONDS COLUMNS LINES LOGNAME DISPLAY OSTYPE BASH_VERSION FUNCNAME PIPESTATUS OPTARG OPTIND REPLY HOSTTYPE"
)
_EXPANSION = re.compile(r"\$\{[!#]?(\w+)(?:\[[@*\d]\])?(?::?([-=?+])(.*))?", re.DOTALL)
_ANSI = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{1,4})|(.))", re.DOTALL)


@cache
def _language() -> tree_sitter.Language:
    return tree_sitter.Language(tree_sitter_bash.language())


class Shell:
    """Shared by all scripts of a package; `files`: what was written to which path."""

    def __init__(self, trace: Trace, files: dict[str, frozenset[Taint]]) -> None:
        self.trace = trace
        self.files = files
        self.code_to_read: list[tuple[str, int, str]] = []
        self.variables: dict[str, Value] = {}
        self.functions: dict[str, tuple[Any, bytes]] = {}
        self.given = NO_TAINTS
        self.data = b""
        self.file = ""
        self.line = 1
        self.depth = 0
        self.nested = 0
        self.calling: list[str] = []
        self.left = MAX_COMMANDS
        self.where: Callable[[int], int] | None = None

    def script(self, text: str, file: str, where: Callable[[int], int] | None = None) -> None:
        """A whole script, with variables of its own. `where` tells the line of a position in `text`."""
        self.variables, self.functions, self.where = {}, {}, where
        self.run(text, file, 1)
        for node, data in list(self.functions.values()):
            if str(node.id) not in self.calling:
                self.data = data
                self._body(node, UNKNOWN)
        self.calling.clear()
        self.where = None

    def run(
        self, text: str, file: str, line: int, *, given: frozenset[Taint] = NO_TAINTS, stdin: Value = UNKNOWN
    ) -> Value:
        """The output of a text as commands. `given`: what its holes hold."""
        if self.nested >= _MAX_NESTED or len(text) > MAX_CHARS or self.left <= 0:
            return Value(taints=given)
        saved = self.data, self.file, self.line, self.given, self.where
        if self.nested:
            self.where = None
        self.data, self.file, self.line = text.encode(), file, line
        self.given = given or self.given
        self.nested += 1
        tree = tree_sitter.Parser(_language()).parse(self.data)
        output = self._body(tree.root_node, stdin)
        self.nested -= 1
        self.data, self.file, self.line, self.given, self.where = saved
        return output

    def command(self, words: list[Value], stdin: Value, file: str, line: int) -> Value:
        """A program with arguments as it is started without a shell."""
        saved = self.file, self.line
        self.file, self.line = file, line
        texts = tuple(word.texts[0] for word in words)
        output = self._start(words, stdin, line, " ".join(texts)[:400], ())
        self.file, self.line = saved
        return output

    # ---- statements

    def _at(self, node: Any) -> int:
        if self.where is not None and self.nested == 1:
            return self.where(node.start_byte)
        line: int = self.line + node.start_point[0]
        return line

    def _body(self, node: Any, stdin: Value) -> Value:
        outputs = [self._statement(child, stdin) for child in node.named_children]
        outputs = [output for output in outputs if output is not _NOTHING]
        return any_of(outputs) if outputs else _NOTHING

    def _statement(self, node: Any, stdin: Value) -> Value:
        if self.depth > _MAX_DEPTH or self.left <= 0:
            return _NOTHING
        self.depth += 1
        read = _STATEMENTS.get(node.type)
        output = read(self, node, stdin) if read is not None else self._other(node, stdin)
        self.depth -= 1
        return output

    def _other(self, node: Any, stdin: Value) -> Value:
        if node.type in _WORDS:
            if node.type not in ("word", "raw_string", "number", "comment"):
                self._word(node)
            return _NOTHING
        return self._body(node, stdin)

    def _pipeline(self, node: Any, stdin: Value) -> Value:
        value = stdin
        for child in node.named_children:
            value = self._statement(child, value)
        return value

    def _redirected(self, node: Any, stdin: Value) -> Value:
        body = node.child_by_field_name("body")
        redirects = node.children_by_field_name("redirect")
        stdin, targets, rest = self._redirects(redirects, stdin)
        if body is None:
            output = _NOTHING
        elif body.type == "command":
            output = self._command(body, stdin, targets)
        else:
            output = self._statement(body, stdin)
            for target in targets:
                if target.startswith("/dev/tcp") or target.startswith("/dev/udp"):
                    self._note((HOLE, f">{target}"), node)
        for target in targets:
            self.write(target, output.taints)
        for pipeline in rest:
            output = self._statement(pipeline, output if output.taints or known(output.texts) else stdin)
        return output if not targets else Value(texts=output.texts, taints=NO_TAINTS)

    def _redirects(self, redirects: list[Any], stdin: Value) -> tuple[Value, list[str], list[Any]]:
        targets: list[str] = []
        rest: list[Any] = []
        for redirect in redirects:
            if redirect.type == "heredoc_redirect":
                for part in redirect.named_children:
                    if part.type == "heredoc_body":
                        stdin = self._heredoc(part)
                    elif part.type in ("pipeline", "command", "list"):
                        rest.append(part)
                    elif part.type == "file_redirect":
                        targets += self._redirects([part], stdin)[1]
            elif redirect.type == "herestring_redirect":
                stdin = any_of([self._word(part) for part in redirect.named_children])
            else:
                place = redirect.child_by_field_name("destination")
                if place is None or place.type == "number":
                    continue
                value = self._word(place)
                if redirect.children and any(part.type == "<" for part in redirect.children):
                    stdin = value if place.type == "process_substitution" else self.read(value)
                targets += [] if any(part.type == "<" for part in redirect.children) else list(value.texts)
        return stdin, [target for target in targets if target not in ("/dev/null", "")], rest

    def _heredoc(self, node: Any) -> Value:
        parts = [
            constant(self._text(part)) if part.type == "heredoc_content" else self._word(part)
            for part in node.named_children
        ]
        return concatenated(parts) if parts else constant(self._text(node))

    def _defined(self, node: Any, _: Value) -> Value:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self.functions[self._text(name)] = (body, self.data)
        return _NOTHING

    def _assigned(self, node: Any, _: Value) -> Value:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return _NOTHING
        key = self._text(name).partition("[")[0]
        read = self._word(value) if value is not None else constant("")
        if b"+=" in self.data[name.end_byte : name.end_byte + 2] and key in self.variables:
            read = concatenated([self.variables[key], read])
        self.variables[key] = any_of([read, self.variables[key]]) if key in self.variables and self.depth > 4 else read
        return _NOTHING

    def _declared(self, node: Any, stdin: Value) -> Value:
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assigned(child, stdin)
        return _NOTHING

    def _for(self, node: Any, stdin: Value) -> Value:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        values = [self._word(value) for value in node.children_by_field_name("value")]
        if variable is not None:
            self.variables[self._text(variable)] = any_of(values)
        return self._statement(body, stdin) if body is not None else _NOTHING

    def _while(self, node: Any, stdin: Value) -> Value:
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        if condition is not None:
            self._statement(condition, stdin)
            words = self._text(condition).split()
            if words[:1] == ["read"] or "read" in words[:3]:
                for name in words[words.index("read") + 1 :]:
                    if name.isidentifier():
                        self.variables[name] = stdin._replace(texts=(HOLE,))
        return self._statement(body, stdin) if body is not None else _NOTHING

    def _command(self, node: Any, stdin: Value, targets: list[str] | None = None) -> Value:
        self.left -= 1
        words: list[Value] = []
        redirects = []
        for child in node.named_children:
            if child.type == "command_name":
                words.append(
                    self._word(child.named_children[0]) if child.named_children else constant(self._text(child))
                )
            elif child.type == "variable_assignment":
                self._assigned(child, stdin)
            elif child.type.endswith("_redirect"):
                redirects.append(child)
            else:
                words.append(self._word(child))
        own: list[str] = []
        if redirects:
            stdin, own, _ = self._redirects(redirects, stdin)
        if not words:
            return _NOTHING
        evidence = self._text(node.parent if node.parent is not None and node.parent.type == "pipeline" else node)[:400]
        output = self._start(words, stdin, self._at(node), evidence, (*(targets or ()), *own))
        for target in own:
            self.write(target, output.taints)
        return output

    def _start(self, words: list[Value], stdin: Value, line: int, evidence: str, targets: tuple[str, ...]) -> Value:
        texts = tuple(word.texts[0] for word in words)
        self.trace.commands.append(
            Command(
                words=(*texts, *(f">{target}" for target in targets)),
                file=self.file,
                line=line,
                evidence=evidence,
                is_quiet="/dev/null" in evidence,
            )
        )
        called = self.functions.get(texts[0]) if texts else None
        if called is not None and self.calling.count(texts[0]) < 2 and len(self.calling) < 40:
            return self._call(called, texts[0], words, stdin)
        return run_command(self, Run(words=words, stdin=stdin, line=line, evidence=evidence))

    def _call(self, called: tuple[Any, bytes], name: str, words: list[Value], stdin: Value) -> Value:
        saved = self.data, {key: self.variables.get(key) for key in ("1", "2", "3", "@", "*")}
        self.data = called[1]
        for number, word in enumerate(words[1:4], 1):
            self.variables[str(number)] = word
        self.variables["@"] = self.variables["*"] = any_of(words[1:]) if len(words) > 1 else constant("")
        self.calling += [name, str(called[0].id)]
        output = self._statement(called[0], stdin)
        self.calling.remove(name)
        self.data = saved[0]
        for key, value in saved[1].items():
            if value is None:
                self.variables.pop(key, None)
            else:
                self.variables[key] = value
        return output

    def _note(self, words: tuple[str, ...], node: Any) -> None:
        self.trace.commands.append(
            Command(words=words, file=self.file, line=self._at(node), evidence=self._text(node)[:400])
        )

    # ---- words

    def _text(self, node: Any) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _word(self, node: Any) -> Value:
        if self.depth > _MAX_DEPTH:
            return UNKNOWN
        self.depth += 1
        read = _WORDS.get(node.type)
        value = read(self, node) if read is not None else self._parts(node)
        self.depth -= 1
        return value

    def _parts(self, node: Any) -> Value:
        """A string or a concatenation; what stands between its parts belongs to it."""
        values: list[Value] = []
        end = node.start_byte
        for child in node.named_children:
            values += self._between(end, child.start_byte)
            values.append(self._word(child))
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
        text = self._text(node)
        if "\\" in text:
            text = re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
        if HOLE in text:
            return Value(texts=(text,), taints=self.given)
        return constant(text)

    def _string_content(self, node: Any) -> Value:
        text = re.sub(r"\\([\"$`\\])", r"\1", self._text(node))
        return Value(texts=(text,), taints=self.given) if HOLE in text else constant(text)

    def _raw(self, node: Any) -> Value:
        text = self._text(node)[1:-1]
        return Value(texts=(text,), taints=self.given) if HOLE in text else constant(text)

    def _ansi(self, node: Any) -> Value:
        text = self._text(node)[2:-1]

        def undone(match: re.Match[str]) -> str:
            if match[1] or match[3]:
                return chr(int(match[1] or match[3], 16))
            return chr(int(match[2], 8)) if match[2] else {"n": "\n", "t": "\t"}.get(match[4], match[4])

        plain = _ANSI.sub(undone, text)
        return Value(texts=(plain,), is_built=plain != text and "x" in text)

    def _variable(self, node: Any) -> Value:
        return self.variable(self._text(node).lstrip("$"))

    def _expansion(self, node: Any) -> Value:
        match = _EXPANSION.match(self._text(node)[:-1])
        if match is None:
            return UNKNOWN
        if self._text(node).startswith("${#"):
            return UNKNOWN
        value = self.variable(match[1])
        inner = [self._word(child) for child in node.named_children if child.type != "variable_name"]
        if match[2] in ("-", "=", "+") and inner:
            return any_of([value, *inner]) if known(value.texts) else Value(
                texts=few([HOLE, *(text for part in inner for text in part.texts)]),
                taints=value.taints.union(*(part.taints for part in inner)),
            )  # fmt: skip
        return (
            value if match[2] else value._replace(texts=value.texts if self._text(node)[2:-1] == match[1] else (HOLE,))
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
            return Value(taints=frozenset({Taint(Source.SECRET_VARIABLE, name, self.line, whole=False)}))
        return UNKNOWN

    def _substituted(self, node: Any) -> Value:
        redirect = next((child for child in node.named_children if child.type == "file_redirect"), None)
        if redirect is not None and redirect.child_by_field_name("destination") is not None:
            return self.read(self._word(redirect.child_by_field_name("destination")))
        output = self._body(node, UNKNOWN)
        texts = tuple(text.rstrip("\n") for text in output.texts) if output is not _NOTHING else (HOLE,)
        return output._replace(texts=texts)

    # ---- files

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


_STATEMENTS: dict[str, Callable[[Shell, Any, Value], Value]] = {
    "command": Shell._command,
    "pipeline": Shell._pipeline,
    "redirected_statement": Shell._redirected,
    "function_definition": Shell._defined,
    "variable_assignment": Shell._assigned,
    "declaration_command": Shell._declared,
    "for_statement": Shell._for,
    "while_statement": Shell._while,
    "comment": lambda _, __, ___: _NOTHING,
}
_WORDS: dict[str, Callable[[Shell, Any], Value]] = {
    "word": Shell._plain,
    "number": Shell._plain,
    "comment": lambda _, __: UNKNOWN,
    "string_content": Shell._string_content,
    "raw_string": Shell._raw,
    "ansi_c_string": Shell._ansi,
    "simple_expansion": Shell._variable,
    "expansion": Shell._expansion,
    "command_substitution": Shell._substituted,
    "process_substitution": Shell._substituted,
    "string": Shell._parts,
    "concatenation": Shell._parts,
    "arithmetic_expansion": lambda _, __: UNKNOWN,
    "test_command": lambda shell, node: shell._parts(node),
}
