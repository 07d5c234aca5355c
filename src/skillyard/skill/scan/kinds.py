"""Tells what kind of file each is, by its name, its first line and its content, and reads text in any encoding."""

from __future__ import annotations

import codecs
import re

from skillyard.skill.scan.subject import Kind

_BY_SUFFIX = {
    Kind.MARKDOWN: ".md .markdown .mdx .mdc .rst .adoc",
    Kind.PYTHON: ".py .pyw .pyi",
    Kind.SHELL: ".sh .bash .zsh .ksh .command .fish",
    Kind.JAVASCRIPT: ".js .mjs .cjs .jsx .ts .mts .cts .tsx",
    Kind.POWERSHELL: ".ps1 .psm1 .psd1 .bat .cmd",
    Kind.CODE: (
        ".rb .pl .php .go .rs .java .kt .swift .c .h .cc .cpp .hpp .cs .lua .r .jl .scala .dart .vbs .applescript "
        ".scpt .sql .vue .svelte .ex .exs .hs .groovy .gradle .m"
    ),
    Kind.NOTEBOOK: ".ipynb",
    Kind.JSON: ".json .jsonc .json5 .jsonl",
    Kind.YAML: ".yaml .yml",
    Kind.TOML: ".toml .ini .cfg .conf .properties .editorconfig",
    Kind.HTML: ".html .htm .xhtml",
    Kind.SVG: ".svg",
    Kind.TEXT: ".txt .text .csv .tsv .log .tex .xml .xsd .diff .patch .j2 .tmpl .template .css .scss .less",
}
_KIND_OF_SUFFIX = {suffix: kind for kind, suffixes in _BY_SUFFIX.items() for suffix in suffixes.split()}
_INTERPRETERS = (
    (re.compile(r"python|uv\b|pypy"), Kind.PYTHON),
    (re.compile(r"\b(?:ba|z|k|da|fi)?sh\b"), Kind.SHELL),
    (re.compile(r"\b(?:node|deno|bun|tsx|ts-node)\b"), Kind.JAVASCRIPT),
    (re.compile(r"\bpwsh\b"), Kind.POWERSHELL),
    (re.compile(r"."), Kind.CODE),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 4096
_MOST_CONTROLS = 0.02
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\x1b\x08"))


def read_text(data: bytes) -> str | None:
    """The text of a file with plain line feeds, whatever its encoding; None for what is no text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _plain_lines(data.decode(encoding, "replace"))
    if encoding_of := _looks_like_utf16(data):
        return _plain_lines(data.decode(encoding_of, "replace"))
    sample = data[:_SAMPLE_BYTES]
    if b"\0" in data or len(sample) - len(sample.translate(None, _CONTROLS)) > _MOST_CONTROLS * len(sample):
        return None
    try:
        return _plain_lines(data.decode())
    except UnicodeDecodeError:
        return _plain_lines(data.decode("latin-1"))


def kind_of(path: str, text: str | None) -> Kind:
    """By suffix, else by the `#!` line, else text; what is no text is binary, whatever its name."""
    if text is None:
        return Kind.BINARY
    name = path.rpartition("/")[2].lower()
    stem, dot, end = name.rpartition(".")
    known = _KIND_OF_SUFFIX.get(f".{end}") if dot and stem else None
    if known is None and text.startswith("#!"):
        line = text.partition("\n")[0]
        return next(kind for pattern, kind in _INTERPRETERS if pattern.search(line))
    if name in ("makefile", "gnumakefile", "justfile", "dockerfile"):
        return Kind.CODE
    return known or Kind.TEXT


def _looks_like_utf16(data: bytes) -> str | None:
    """Text of mostly Western letters has a zero in every second byte, always on the same side."""
    sample = data[:_SAMPLE_BYTES]
    if len(sample) < 8 or len(data) % 2:
        return None
    even, odd = sample[::2].count(0) / (len(sample) / 2), sample[1::2].count(0) / (len(sample) / 2)
    if odd > 0.6 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 and odd < 0.05 else None


def _plain_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
