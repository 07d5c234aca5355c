"""Texts of documents: JSON and YAML of every kind, and what is meant to break whoever reads them."""

from __future__ import annotations

import pytest

from skillyard.domain.gateway.catalog.openapi import text
from skillyard.domain.gateway.catalog.openapi.choices import DocumentRefused
from skillyard.domain.gateway.catalog.openapi.text import read_document
from tests.domain.gateway.openapi.documents_of_tests import read

BOMB = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n" % ((new, new, *[old] * 10))
    for old, new in zip(b"abcdefghijklmno", b"bcdefghijklmnop", strict=True)
)

YAML = b"""\
openapi: 3.1.0
info: {title: Acme, version: 2026-01-31}
servers: [{url: https://api.example.com}]
x-shared: &parameters
  - {name: on, in: query, schema: {type: string, enum: [yes, no, 2026-01-31]}}
paths:
  /x:
    get:
      operationId: it
      parameters: *parameters
      responses:
        200: {description: ok}
"""


def test_yaml_is_read_as_json_would_be() -> None:
    integration, _ = read(YAML)
    assert integration.origin.version == "2026-01-31"
    (param,) = integration.endpoints["it"].params
    assert (param.name, param.schema["enum"]) == ("on", ["yes", "no", "2026-01-31"])


def test_a_byte_order_mark_is_no_harm() -> None:
    assert read_document(b'\xef\xbb\xbf {"openapi": "3.0.0"}') == {"openapi": "3.0.0"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"{",
        b"[1]",
        b'"text"',
        b"<html></html>",
        b"a: [",
        b"a: !!python/object/apply:os.system [id]",
        b"a: !!binary aGFsbG8=",
        b"a: !!timestamp 2026-01-31",
        b"? [a, b]\n: c",
        b"a: &a [*a]",
        b"a: *nobody",
        b"\xff\x00a: b",
        b"a: 1e999",
        b'a: "\\ud800"',
        b"a: 1\n---\nb: 2",
        b"{" + b'"a":{' * 2000 + b"}" * 2001,
        b"a: " + b"[" * 3000,
        b"a: " + b"[" * 200 + b"]" * 200,
        BOMB,
    ],
)
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentRefused) as raised:
        read_document(data)
    assert raised.value.hint
    assert len(raised.value.why) < 300


def test_a_document_that_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DocumentRefused, match="32 MiB"):
        read_document(b"{" + b" " * text.MAX_BYTES + b"}")
    with pytest.raises(DocumentRefused, match="12 MiB of YAML"):
        read_document(b"a: " + b"b" * text.MAX_YAML_BYTES)
    with pytest.raises(DocumentRefused, match="lines and commas"):
        read_document(b"a: [" + b"b,\n" * text.MAX_YAML_ENTRIES + b"b]")
    with pytest.raises(DocumentRefused, match="values"):
        read_document(b'{"a": [' + b"1," * text.MAX_VALUES + b"1]}")


def test_keys_that_merge_maps_mean_nothing() -> None:
    assert read_document(b"a: &a {b: 1}\nc:\n  <<: *a\n") == {"a": {"b": 1}, "c": {"<<": {"b": 1}}}
