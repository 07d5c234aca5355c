"""Goes through shell scripts, with the grammar of tree-sitter-bash: what each command reads, passes on and starts."""

from __future__ import annotations

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
    Taint,
    Trace,
    Value,
    any_of,
    constant,
    known,
)
from skillyard.skill.scan.flow.started import Run
from skillyard.skill.scan.flow.words import KINDS_OF_WORDS, MAX_DEPTH, NOTHING, Words

MAX_COMMANDS = 20_000
MAX_CHARS = 200_000
_MAX_NESTED = 4


@cache
def _language() -> tree_sitter.Language:
    return tree_sitter.Language(tree_sitter_bash.language())


class Shell(Words):
    """Shared by all scripts of a package; `files`: what was written to which path."""

    def __init__(self, trace: Trace, files: dict[str, frozenset[Taint]]) -> None:
        super().__init__(trace, files)
        self.code_to_read: list[tuple[str, int, str]] = []
        self.functions: dict[str, tuple[Any, bytes]] = {}
        self.file = ""
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
                self.body(node, UNKNOWN)
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
        output = self.body(tree.root_node, stdin)
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

    def body(self, node: Any, stdin: Value) -> Value:
        outputs = [self._statement(child, stdin) for child in node.named_children]
        outputs = [output for output in outputs if output is not NOTHING]
        return any_of(outputs) if outputs else NOTHING

    def _statement(self, node: Any, stdin: Value) -> Value:
        if self.depth > MAX_DEPTH or self.left <= 0:
            return NOTHING
        self.depth += 1
        read = _STATEMENTS.get(node.type)
        output = read(self, node, stdin) if read is not None else self._other(node, stdin)
        self.depth -= 1
        return output

    def _other(self, node: Any, stdin: Value) -> Value:
        if node.type in KINDS_OF_WORDS:
            if node.type not in ("word", "raw_string", "number", "comment"):
                self.word(node)
            return NOTHING
        return self.body(node, stdin)

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
            output = NOTHING
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
                stdin = any_of([self.word(part) for part in redirect.named_children])
            else:
                place = redirect.child_by_field_name("destination")
                if place is None or place.type == "number":
                    continue
                value = self.word(place)
                if redirect.children and any(part.type == "<" for part in redirect.children):
                    stdin = value if place.type == "process_substitution" else self.read(value)
                targets += [] if any(part.type == "<" for part in redirect.children) else list(value.texts)
        return stdin, [target for target in targets if target not in ("/dev/null", "")], rest

    def _heredoc(self, node: Any) -> Value:
        parts = [
            constant(self.text_of(part)) if part.type == "heredoc_content" else self.word(part)
            for part in node.named_children
        ]
        return concatenated(parts) if parts else constant(self.text_of(node))

    def _defined(self, node: Any, _: Value) -> Value:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            self.functions[self.text_of(name)] = (body, self.data)
        return NOTHING

    def _assigned(self, node: Any, _: Value) -> Value:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return NOTHING
        key = self.text_of(name).partition("[")[0]
        read = self.word(value) if value is not None else constant("")
        if b"+=" in self.data[name.end_byte : name.end_byte + 2] and key in self.variables:
            read = concatenated([self.variables[key], read])
        self.variables[key] = any_of([read, self.variables[key]]) if key in self.variables and self.depth > 4 else read
        return NOTHING

    def _declared(self, node: Any, stdin: Value) -> Value:
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assigned(child, stdin)
        return NOTHING

    def _for(self, node: Any, stdin: Value) -> Value:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        values = [self.word(value) for value in node.children_by_field_name("value")]
        if variable is not None:
            self.variables[self.text_of(variable)] = any_of(values)
        return self._statement(body, stdin) if body is not None else NOTHING

    def _while(self, node: Any, stdin: Value) -> Value:
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        if condition is not None:
            self._statement(condition, stdin)
            words = self.text_of(condition).split()
            if words[:1] == ["read"] or "read" in words[:3]:
                for name in words[words.index("read") + 1 :]:
                    if name.isidentifier():
                        self.variables[name] = stdin._replace(texts=(HOLE,))
        return self._statement(body, stdin) if body is not None else NOTHING

    def _command(self, node: Any, stdin: Value, targets: list[str] | None = None) -> Value:
        self.left -= 1
        words: list[Value] = []
        redirects = []
        for child in node.named_children:
            if child.type == "command_name":
                words.append(
                    self.word(child.named_children[0]) if child.named_children else constant(self.text_of(child))
                )
            elif child.type == "variable_assignment":
                self._assigned(child, stdin)
            elif child.type.endswith("_redirect"):
                redirects.append(child)
            else:
                words.append(self.word(child))
        own: list[str] = []
        if redirects:
            stdin, own, _ = self._redirects(redirects, stdin)
        if not words:
            return NOTHING
        evidence = self.text_of(node.parent if node.parent is not None and node.parent.type == "pipeline" else node)[
            :400
        ]
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
            Command(words=words, file=self.file, line=self._at(node), evidence=self.text_of(node)[:400])
        )


_STATEMENTS: dict[str, Callable[[Shell, Any, Value], Value]] = {
    "command": Shell._command,
    "pipeline": Shell._pipeline,
    "redirected_statement": Shell._redirected,
    "function_definition": Shell._defined,
    "variable_assignment": Shell._assigned,
    "declaration_command": Shell._declared,
    "for_statement": Shell._for,
    "while_statement": Shell._while,
    "comment": lambda _, __, ___: NOTHING,
}
