"""Texts as Jira takes them: documents of the Atlassian Document Format, made of simple Markdown.

Understood are headings, lists, quotations, blocks of code and rules, and in a line `code`, **strong** and [links](https://…).
Lists within lists become one list. Everything else stays as it was written.
https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

Node = dict[str, Any]

_FENCE = re.compile(r"[ \t]{0,3}```[ \t]{0,3}([A-Za-z0-9+#-]{0,40})[ \t]*")
_HEADING = re.compile(r"(#{1,6}) +(\S.*)")
_LINES: Mapping[str, re.Pattern[str]] = {
    "heading": re.compile(r"(#{1,6} +\S.*)"),
    "rule": re.compile(r"((?:-{3,}|\*{3,})\s*)"),
    "bullets": re.compile(r"\s*[-*+] +(\S.*)"),
    "numbers": re.compile(r"\s*[0-9]{1,9}[.)] +(\S.*)"),
    "quote": re.compile(r"> ?(.*)"),
}
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\[([^\[\]]+)\]\((https?://[^\s()]+)\)")


def jira_documents(body: Mapping[str, Any]) -> Node:
    """The body with documents in the place of texts: `body`, `comment`, `fields.description`, `fields.environment` and
    `update.comment`, which Jira wants as a list of changes. `more_fields` join the fields. What is no text stays.
    """
    made = _with_documents({key: value for key, value in body.items() if key != "more_fields"}, ("body", "comment"))
    fields = {**(body.get("more_fields") or {}), **(body.get("fields") or {})}
    if fields:
        made["fields"] = _with_documents(fields, ("description", "environment"))
    if comment := (body.get("update") or {}).get("comment"):
        made["update"] = {"comment": [{"add": {"body": _document_of(comment)}}]}
    return made


def document(text: str) -> Node:
    """The text as a document."""
    language, content = "", []
    for kind, group in groupby(_kinds(text.splitlines()), key=lambda pair: pair[0]):
        lines = [line for _, line in group]
        if kind == "fence":
            language = lines[-1]
        elif kind == "code":
            content.append(_code(lines, language))
        else:
            content += _BLOCKS[kind](lines)
    return {"type": "doc", "version": 1, "content": content}


def _with_documents(values: Mapping[str, Any], keys: Collection[str]) -> Node:
    return {key: _document_of(value) if key in keys else value for key, value in values.items()}


def _document_of(value: Any) -> Any:
    return document(value) if isinstance(value, str) else value


def _kinds(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each line with what it is a part of, and without the signs that say so."""
    is_code = False
    for line in lines:
        if fence := _FENCE.fullmatch(line):
            is_code = not is_code
            yield "fence", fence[1]
        elif is_code:
            yield "code", line
        elif not line.strip():
            yield "gap", ""
        else:
            matches = ((kind, pattern.fullmatch(line)) for kind, pattern in _LINES.items())
            yield next(((kind, match[1]) for kind, match in matches if match), ("paragraph", line))


def _code(lines: list[str], language: str) -> Node:
    text = "\n".join(lines)
    return {
        "type": "codeBlock",
        "attrs": {"language": language} if language else {},
        "content": _text(text),
    }


def _headings(lines: list[str]) -> list[Node]:
    found = [match for line in lines if (match := _HEADING.fullmatch(line))]
    return [{"type": "heading", "attrs": {"level": len(one[1])}, "content": _inline(one[2])} for one in found]


def _list(kind: str, items: list[str]) -> list[Node]:
    return [{"type": kind, "content": [{"type": "listItem", "content": _paragraph([item])} for item in items]}]


def _paragraph(lines: list[str]) -> list[Node]:
    content = _inline(lines[0])
    for line in lines[1:]:
        content += [{"type": "hardBreak"}, *_inline(line)]
    return [{"type": "paragraph", "content": content}]


_BLOCKS: Mapping[str, Callable[[list[str]], list[Node]]] = {
    "gap": lambda _: [],
    "heading": _headings,
    "rule": lambda _: [{"type": "rule"}],
    "bullets": lambda lines: _list("bulletList", lines),
    "numbers": lambda lines: _list("orderedList", lines),
    "quote": lambda lines: [{"type": "blockquote", "content": _paragraph(lines)}],
    "paragraph": _paragraph,
}


def _inline(line: str) -> list[Node]:
    nodes, end = [], 0
    for match in _INLINE.finditer(line):
        code, strong, link, address = match.groups()
        nodes += _text(line[end : match.start()])
        mark: Node = {"type": "code"} if code else {"type": "strong"}
        nodes += _text(code or strong or link, {"type": "link", "attrs": {"href": address}} if link else mark)
        end = match.end()
    return nodes + _text(line[end:])


def _text(text: str, *marks: Node) -> list[Node]:
    """No node where there is no text: empty ones are refused."""
    return [{"type": "text", "text": text, **({"marks": list(marks)} if marks else {})}] if text else []
