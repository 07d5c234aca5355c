#!/usr/bin/env python3
"""Text without surprises: normalise, slugify, wrap, count, escape for Markdown.

Run it (`text_kit.py --help`) or import it from another skill; reading and writing files is left to text_files.py."""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

sys.dont_write_bytecode = True  # running a skill must not change its folder

from text_files import Refusal, guard, read_text, write_text  # noqa: E402

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # written without blanks between words
WIDE = f"{CJK}\u1100-\u115f\u2e80-\u303e\ua000-\ua4cf\uac00-\ud7a3\ufe30-\ufe6f\uff00-\uff60\U00020000-\U0003fffd"

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANKS = re.compile(r"[\u00a0\u2000-\u200a\u202f\u205f]")
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff]")
_PLAIN = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"',
    "\u00bb": '"', "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "--", "\u2212": "-",
    "\u2026": "...", "\u2022": "-", "\u00d7": "x",
})  # fmt: skip
_LATIN = str.maketrans({
    "\u00e6": "ae", "\u0153": "oe", "\u00f8": "o", "\u0111": "d", "\u00f0": "d", "\u0142": "l", "\u00fe": "th",
    "\u0131": "i", "\u0127": "h", "\u014b": "ng", "'": "", "\u2019": "",
})  # fmt: skip

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_KEPT = re.compile(r"\s*$|\s*#{1,6}\s|\s*[|>]|\s*(?:[-*_]\s*){3,}$|\s*=+\s*$|\s*\[[^]]+\]:")
_ITEM = re.compile(r"(\s*(?:[-*+]|\d{1,9}[.)])\s+)(?=\S)")
_STARTS_MARKUP = re.compile(r"(?:[-+*>]|#{1,6}|=+|-+|\d{1,9}[.)])$|[|>#]")
_ATOMS = re.compile(rf"[{WIDE}][\u3001\u3002\uff0c\uff0e\u300d\u300f\uff09\uff01\uff1f\uff1a\uff1b]*|[^{WIDE}]+")

_MARKUP = re.compile(r"[\\`*\[\]<>|~]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
_LINE_MARKUP = re.compile(r"^(\s*)([#+=-]|\d{1,9}(?=[.)]))", re.MULTILINE)

_WORDS_PER_MINUTE = 200


def normalise(text: str, *, plain: bool = False) -> str:
    """NFC, `\\n` line ends, no colour codes or invisible characters, no trailing blanks, at most one empty line,
    one final newline. `plain` also turns typographic quotes, dashes and dots into ASCII."""
    text = _LINE_ENDS.sub("\n", _ANSI.sub("", text))
    text = unicodedata.normalize("NFC", _BLANKS.sub(" ", _INVISIBLE.sub("", text)))
    if plain:
        text = text.translate(_PLAIN)
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", lines).strip("\n")
    return f"{text}\n" if text else ""


def slugify(text: str, *, max_chars: int = 64, fallback: str | None = None) -> str:
    """ASCII lower case words joined by hyphens, cut between words. Raises Refusal when nothing is left and there
    is no `fallback`."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(_LATIN))
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    slug = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
    if len(slug) > max_chars:
        whole_words = slug[: max_chars + 1].rpartition("-")[0]
        slug = whole_words or slug[:max_chars]
    if slug or fallback is not None:
        return slug or fallback or ""
    raise Refusal(f"no slug can be made of {text[:40]!r}: it has no Latin letter or digit; name one with --fallback")


def unique_slugs(texts: Iterable[str], *, fallback: str = "section") -> list[str]:
    """One slug for each text, in order, no two equal: `a`, `a-2`, `a-3`."""
    slugs: list[str] = []
    taken: set[str] = set()
    for text in texts:
        slug = wanted = slugify(text, fallback=fallback)
        number = 1
        while slug in taken:
            number += 1
            slug = f"{wanted}-{number}"
        taken.add(slug)
        slugs.append(slug)
    return slugs


def display_width(text: str) -> int:
    """Columns that `text` takes in a fixed-width font: 2 for East Asian wide characters, 0 for combining ones."""
    if text.isascii():
        return len(text)
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1


def truncate(text: str, width: int) -> str:
    """`text`, or as much of it as fits into `width` columns with an ellipsis at the end."""
    if display_width(text) <= width:
        return text
    kept, used = "", 1
    for letter in text:
        used += _columns(letter)
        if used > width:
            break
        kept += letter
    return kept.rstrip() + "\u2026"


def wrap(text: str, width: int = 80) -> str:
    """Fill paragraphs and list items to `width` columns. Code, tables, quotes, headings and hard breaks stay."""
    lines: list[str] = []
    paragraph: list[str] = []
    fence = ""

    def flush() -> None:
        if paragraph:
            lines.extend(_fill("\n".join(paragraph), width))
            paragraph.clear()

    for line in text.splitlines():
        opened = _FENCE.match(line)
        if fence or opened or _KEPT.match(line) or (line.startswith("    ") and not paragraph):
            flush()
            lines.append(line)
            if opened and not fence:
                fence = opened[1]
            elif opened and opened[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
            continue
        if _ITEM.match(line):
            flush()
        paragraph.append(line)
        if line.endswith(("  ", "\\")):
            flush()
    flush()
    return "".join(f"{line}\n" for line in lines)


def _fill(paragraph: str, width: int) -> list[str]:
    """One paragraph as lines; those after the first hang under the text of a list item."""
    item = _ITEM.match(paragraph)
    indent = item[1] if item else paragraph[: len(paragraph) - len(paragraph.lstrip())]
    hanging = " " * display_width(indent)
    hard_break = "  " if paragraph.endswith("  ") else ""
    lines = [indent]
    for blank, atom in _atoms(paragraph[len(indent) :]):
        fresh = lines[-1] in (indent, hanging)
        joined = lines[-1] + ("" if fresh else blank) + atom
        if fresh or display_width(joined) <= width or _STARTS_MARKUP.match(atom):
            lines[-1] = joined
        else:
            lines.append(hanging + atom)
    lines[-1] += hard_break
    return lines


def _atoms(text: str) -> Iterable[tuple[str, str]]:
    """What a line may break between, each with the blank before it: words, and single wide characters."""
    for word in text.split():
        for number, atom in enumerate(_ATOMS.findall(word)):
            yield ("" if number else " "), atom


def words(text: str) -> list[str]:
    """The words of `text` without punctuation around them; each Chinese or Japanese character counts as one."""
    spaced = re.sub(rf"([{CJK}])", r" \1 ", text)
    chunks = re.split(r"[\s\u2013\u2014/]+", spaced)
    return [word for word in map(_without_punctuation, chunks) if word]


def _without_punctuation(chunk: str) -> str:
    """`chunk` from its first to its last letter, digit or mark (marks are the vowels of Indic scripts)."""
    inside = [place for place, letter in enumerate(chunk) if unicodedata.category(letter)[0] in "LNM"]
    return chunk[inside[0] : inside[-1] + 1] if inside else ""


def count(text: str) -> dict[str, int | float]:
    """Numbers of characters, words, lines and paragraphs, and minutes of reading at 200 words a minute."""
    found = len(words(text))
    return {
        "characters": len(text),
        "words": found,
        "lines": len(text.splitlines()),
        "paragraphs": len(re.findall(r"\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", text)),
        "reading_minutes": round(found / _WORDS_PER_MINUTE, 1),
    }


def most_common(text: str, limit: int) -> list[tuple[str, int]]:
    """The `limit` most frequent words in any case, ties in alphabetical order."""
    found = Counter(word.casefold() for word in words(text))
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]


def escape_markdown(text: str) -> str:
    """`text` so that Markdown (CommonMark, GitHub) shows it as it is, also at the beginning of a line."""
    return _LINE_MARKUP.sub(_escape_line_start, _MARKUP.sub(r"\\\g<0>", text))


def _escape_line_start(found: re.Match[str]) -> str:
    blanks, mark = found.groups()
    return f"{blanks}{mark}\\" if mark.isdigit() else f"{blanks}\\{mark}"


def escape_cell(text: str) -> str:
    """`text` for one cell of a Markdown table: one line, pipes and markup escaped, line ends as `<br>`."""
    return "<br>".join(_MARKUP.sub(r"\\\g<0>", line.strip()) for line in text.strip().splitlines())


def code_span(text: str) -> str:
    """`text` as inline code, with a fence longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    edge = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{edge}{' '.join(text.splitlines())}{edge}{fence}"


def _count_report(options: argparse.Namespace, text: str) -> str:
    numbers = count(text)
    common = most_common(text, options.top)
    if options.json:
        return json.dumps({**numbers, "most_common": dict(common)}, ensure_ascii=False, indent=2) + "\n"
    rows = [(name.replace("_", " "), number) for name, number in numbers.items()] + common
    return "".join(f"{number:>10}  {name}\n" for name, number in rows)


def _escape_report(options: argparse.Namespace, text: str) -> str:
    styles = {"text": escape_markdown, "cell": escape_cell, "code": code_span}
    return styles[options.style](text.rstrip("\n")) + "\n"


def _slug_report(options: argparse.Namespace, text: str) -> str:
    if not options.lines:
        return slugify(text, max_chars=options.max_chars, fallback=options.fallback) + "\n"
    titles = [line for line in text.splitlines() if line.strip()]
    return "".join(f"{slug}\n" for slug in unique_slugs(titles, fallback=options.fallback or "section"))


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 10000")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="text_kit.py", description="Normalise, slugify, wrap, count, escape text.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    source = argparse.ArgumentParser(add_help=False)
    source.add_argument("text", nargs="*", help="the text; without it, --file or standard input")
    source.add_argument("-f", "--file", help="read this file")
    source.add_argument("-o", "--output", help="write this file instead of standard output")
    source.add_argument("--encoding", help="encoding of the input (default: byte order mark, else UTF-8)")

    def command(name: str, about: str, show: Callable[[argparse.Namespace, str], str]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about, parents=[source])
        made.set_defaults(show=show)
        return made

    one = command("normalise", "Clean Unicode, blanks and line ends.", lambda o, text: normalise(text, plain=o.plain))
    one.add_argument("--plain", action="store_true", help="typographic quotes, dashes and dots become ASCII")
    one = command("slugify", "Make a name for files and anchors.", _slug_report)
    one.add_argument("--max-chars", type=_positive, default=64, help="cut between words (default: 64)")
    one.add_argument("--fallback", help="the slug when the text has no Latin letter or digit")
    one.add_argument("--lines", action="store_true", help="one slug for each line, all different")
    one = command("wrap", "Fill Markdown paragraphs and lists.", lambda o, text: wrap(text, o.width))
    one.add_argument("--width", type=_positive, default=80, help="columns (default: 80)")
    one = command("count", "Count characters, words, lines, paragraphs.", _count_report)
    one.add_argument("--json", action="store_true", help="print JSON")
    one.add_argument("--top", type=_positive, default=5, help="how many frequent words (default: 5)")
    one = command("escape", "Escape text for Markdown.", _escape_report)
    one.add_argument("--as", dest="style", choices=("text", "cell", "code"), default="text", help="where it will stand")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns 0, or 1 when the input was refused (2 is bad usage)."""
    options = _parser().parse_args(arguments)

    def work() -> int:
        if options.text and options.file:
            raise Refusal("give the text or --file, not both")
        text = " ".join(options.text) or read_text(options.file or "-", encoding=options.encoding)
        write_text(options.output, options.show(options, text))
        return 0

    return guard("text_kit", work)


if __name__ == "__main__":
    sys.exit(main())
