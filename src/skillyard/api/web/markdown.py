"""The readable part of Markdown as HTML that cannot do harm: every character is escaped, links lead to the web or
nowhere, images become links, and HTML in the text stays text. In linear time, whatever the text is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from markupsafe import Markup, escape

_MAX_CHARS = 200_000
_MAX_LINE_CHARS = 5_000
_FENCE = re.compile(r"([ \t]{0,12})(```+|~~~+)")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
_ITEM = re.compile(r"([ \t]{0,12})(?:[-*+]|(\d{1,9})[.)])[ \t]+(\S.*)")
_QUOTE = re.compile(r" {0,3}> ?(.*)")
_DIVIDER = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
# No part may be longer than a line of prose: what follows an opening mark without a closing one is read once only.
_INLINE = re.compile(
    r"(?P<code>(?P<ticks>`{1,3})(?P<code_text>[^`]{1,300})(?P=ticks))"
    r"|!?\[(?P<label>[^\[\]]{0,300})\]\((?P<url>[^\s()<>]{1,500})\)"
    r"|<?(?P<bare>https?://[^\s<>\"'`)\]]{1,500})>?"
    r"|\*\*(?P<strong>[^*\s][^*]{0,300})\*\*"
    r"|\*(?P<emphasis>[^*\s][^*]{0,300})\*"
)

Lines = list[str]


def render_markdown(text: str) -> Markup:
    """HTML for `text`; what is not understood is shown as it is written."""
    lines = [line[:_MAX_LINE_CHARS] for line in text[:_MAX_CHARS].splitlines()]
    return Markup("\n").join(_blocks(lines))


def _blocks(lines: Lines) -> Iterator[Markup]:
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        block, at = _block_at(lines, at)
        yield block


def _block_at(lines: Lines, at: int) -> tuple[Markup, int]:
    """The block that begins in line `at`, and the line after it."""
    line = lines[at]
    if fence := _FENCE.match(line):
        return _code_block(lines, at, indent=len(fence.group(1)), fence=fence.group(2))
    if heading := _HEADING.match(line):
        level = min(6, len(heading.group(1)) + 1)
        return Markup("<h{0}>{1}</h{0}>").format(level, _inline(heading.group(2).rstrip(" \t#"))), at + 1
    if _RULE.match(line):
        return Markup("<hr>"), at + 1
    if _ITEM.match(line):
        return _list(lines, at)
    if _QUOTE.match(line):
        return _quote(lines, at)
    if "|" in line and at + 1 < len(lines) and _DIVIDER.match(lines[at + 1]) and "-" in lines[at + 1]:
        return _table(lines, at)
    return _paragraph(lines, at)


def _code_block(lines: Lines, at: int, *, indent: int, fence: str) -> tuple[Markup, int]:
    end = at + 1
    while end < len(lines) and not lines[end].strip().startswith(fence):
        end += 1
    code = [line[min(indent, len(line) - len(line.lstrip())) :] for line in lines[at + 1 : end]]
    return Markup("<pre><code>{}</code></pre>").format("\n".join(code)), end + 1


def _list(lines: Lines, at: int) -> tuple[Markup, int]:
    """A list as one level; deeper items are indented by their class."""
    items: list[tuple[int, str]] = []
    first = _ITEM.match(lines[at])
    number = first.group(2) if first else None
    while at < len(lines) and lines[at].strip() and not _FENCE.match(lines[at]):
        if item := _ITEM.match(lines[at]):
            items.append((min(3, len(item.group(1).expandtabs(4)) // 2), item.group(3)))
        elif items and lines[at].startswith(" "):
            items[-1] = (items[-1][0], f"{items[-1][1]} {lines[at].strip()}"[:_MAX_LINE_CHARS])
        else:
            break
        at += 1
    shown = Markup("").join(
        Markup('<li class="level-{}">{}</li>').format(level, _inline(text)) for level, text in items
    )
    if number is None:
        return Markup("<ul>{}</ul>").format(shown), at
    return Markup('<ol start="{}">{}</ol>').format(int(number), shown), at


def _quote(lines: Lines, at: int) -> tuple[Markup, int]:
    inner, at = _while(lines, at, lambda line: _QUOTE.match(line) is not None)
    text = " ".join(quote.group(1) for line in inner if (quote := _QUOTE.match(line)))
    return Markup("<blockquote><p>{}</p></blockquote>").format(_inline(text)), at


def _table(lines: Lines, at: int) -> tuple[Markup, int]:
    rows, end = _while(lines, at + 2, lambda line: "|" in line)
    head = Markup("").join(Markup("<th>{}</th>").format(_inline(cell)) for cell in _cells(lines[at]))
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format(_inline(cell)) for cell in _cells(row))
        )
        for row in rows
    )
    shown = Markup('<div class="wide"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>')
    return shown.format(head, body), end


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")][:50]


def _paragraph(lines: Lines, at: int) -> tuple[Markup, int]:
    starts = (_FENCE, _HEADING, _ITEM, _QUOTE)
    more, end = _while(lines, at + 1, lambda line: not any(start.match(line) for start in starts))
    return Markup("<p>{}</p>").format(_inline("\n".join([lines[at], *more]))), end


def _while(lines: Lines, at: int, belongs: Callable[[str], bool]) -> tuple[Lines, int]:
    end = at
    while end < len(lines) and lines[end].strip() and belongs(lines[end]):
        end += 1
    return lines[at:end], end


def _inline(text: str) -> Markup:
    parts, at = [], 0
    for found in _INLINE.finditer(text):
        parts += [escape(text[at : found.start()]), _span(found)]
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def _span(found: re.Match[str]) -> Markup:
    if found["code"]:
        return Markup("<code>{}</code>").format(found["code_text"])
    if found["strong"]:
        return Markup("<strong>{}</strong>").format(found["strong"])
    if found["emphasis"]:
        return Markup("<em>{}</em>").format(found["emphasis"])
    url = found["url"] or found["bare"]
    if not url.startswith(("https://", "http://")):
        return escape(found["label"])
    return Markup('<a href="{}" rel="nofollow ugc noopener noreferrer">{}</a>').format(url, found["label"] or url)
