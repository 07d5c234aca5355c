"""Whatever a parameter holds, it arrives at its place as it was given, and nowhere else; or nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.call import CallRequest, call
from skillyard.domain.gateway.calls.call_errors import ParamsInvalid
from skillyard.domain.gateway.catalog.add import add_file
from skillyard.domain.gateway.connect.connections import add_key
from skillyard.infra.envelope import Secret
from tests.hostile.raw_upstream import RawUpstream, raw_upstream
from tests.makers import a_person, make_app

FILE = """
integration: acme
version: 1
title: Acme
description: Has a parameter in every place.
origin: {description: Made up, licence: Apache-2.0}
base_url: URL
ways: [{kind: api_key}]
identity: {path: /user, id: id, label: login}
groups: {all: All}
endpoints:
  ask:
    group: all
    summary: Ask
    method: GET
    path: /v1/{one}/x/{more}/end
    effect: read
    params:
      one: {in: path, required: true, type: string, description: A part.}
      more: {in: path, required: true, slashes: keep, type: string, description: Parts.}
      q: {in: query, type: string, description: A value.}
      all: {in: query, type: array, items: {type: string}, description: Values.}
      note: {in: header, as: x-note, type: string, description: A header.}
  tell:
    group: all
    summary: Tell
    method: POST
    path: /form
    body: form
    effect: write
    params:
      text: {in: body, type: string, description: A field.}
      fields: {in: body, type: object, additionalProperties: {type: string}, description: Fields.}
  say:
    group: all
    summary: Say
    method: POST
    path: /json
    body: json
    effect: write
    params:
      text: {in: body, type: string, description: A field.}
      inner: {in: body, as: some.inner, type: string, description: A field of a field.}
"""
OURS = {"host", "authorization", "user-agent", "accept-encoding", "x-note", "content-type", "content-length"}
NASTY = [
    "a\r\nx-evil: 1", "a\nb", "a\0b", "a&b=c", "a;b", "a#b", "a?b", "a/../../b", "..", ".", "%2e%2e", "%252e%252e%252f",
    "a%0d%0ab", "a\\..\\b", "é", "\u2028", "😀", "\ud800", "a b", " a ", "", "//evil.example", "@evil.example", "a:80",
    "{one}",
    "{secret}", "a\tb", "\x7f", "a,b", "a[b]=c", '"', "'", "<x>", "HTTP/1.1\r\n\r\nGET / HTTP/1.1",
]  # fmt: skip
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(max_size=40))


@dataclass(frozen=True)
class Acme:
    app: App
    caller: Caller
    upstream: RawUpstream

    def ask(self, endpoint: str, **params: Any) -> tuple[str, dict[str, str], bytes] | None:
        """Target, headers and body of the request that it was; None: it was refused, and nothing was sent."""
        self.upstream.heads.clear()
        self.upstream.bodies.clear()
        request = CallRequest(integration="acme", endpoint=endpoint, params=params, request_id="r1")
        try:
            call(self.app, self.caller, request)
        except ParamsInvalid:
            assert self.upstream.heads == []
            return None
        (head,), (body,) = self.upstream.heads, self.upstream.bodies
        first, *lines = head.decode("latin-1").split("\r\n")
        names = [line.partition(":")[0].lower() for line in lines]
        assert len(names) == len(set(names))
        assert set(names) <= OURS
        assert re.fullmatch(r"(GET|POST) [!-~]+ HTTP/1\.1", first)
        return first.split(" ")[1], {line.partition(":")[0].lower(): line.partition(": ")[2] for line in lines}, body


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with raw_upstream() as upstream:
        app = make_app(tmp_path_factory.mktemp("acme"), outbound_http_loopback=True)
        caller = a_person(app)
        add_file(app, caller, text=FILE.replace("URL", upstream.url))
        add_key(app, caller, integration="acme", secrets={"secret": Secret("a-key")}, variables={})
        yield Acme(app, caller, upstream)
        app.close()


quickly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quickly
@given(one=TEXTS, more=st.lists(TEXTS, min_size=1, max_size=3).map("/".join))
@example(one="a", more="b/c")
def test_in_a_path(acme: Acme, one: str, more: str) -> None:
    sent = acme.ask("ask", one=one, more=more)
    if sent is None:
        assert (one, more) != ("a", "b/c")
        return
    parts = sent[0].split("/")
    assert "?" not in sent[0]
    assert (parts[:2], parts[3], parts[-1]) == (["", "v1"], "x", "end")
    assert unquote(parts[2]) == one
    assert [unquote(part) for part in parts[4:-1]] == more.split("/")
    assert not {"", ".", ".."} & {unquote(unquote(part)) for part in parts[1:]}


@quickly
@given(q=TEXTS, every=st.lists(TEXTS, max_size=3))
@example(q="a", every=["b", "c"])
def test_in_a_query(acme: Acme, q: str, every: list[str]) -> None:
    sent = acme.ask("ask", one="a", more="b", q=q, all=every)
    if sent is None:
        assert any(not text.isprintable() for text in [q, *every])
        return
    path, _, query = sent[0].partition("?")
    assert path == "/v1/a/x/b/end"
    assert parse_qsl(query, keep_blank_values=True) == [("q", q), *(("all", text) for text in every)]


@quickly
@given(note=TEXTS)
@example(note="a note")
def test_in_a_header(acme: Acme, note: str) -> None:
    sent = acme.ask("ask", one="a", more="b", note=note)
    if sent is None:
        assert note != "a note"
    else:
        assert (sent[0], sent[1]["x-note"]) == ("/v1/a/x/b/end", note)


@quickly
@given(text=TEXTS, fields=st.dictionaries(TEXTS, TEXTS, max_size=3))
@example(text="a", fields={"b": "c"})
def test_in_a_form(acme: Acme, text: str, fields: dict[str, str]) -> None:
    sent = acme.ask("tell", text=text, fields=fields)
    if sent is None:
        assert (text, fields) != ("a", {"b": "c"})
        return
    expected = [("text", text), *((f"fields[{name}]", value) for name, value in fields.items())]
    assert parse_qsl(sent[2].decode(), keep_blank_values=True) == expected


@quickly
@given(text=TEXTS, inner=TEXTS)
@example(text="a", inner="b")
def test_in_json(acme: Acme, text: str, inner: str) -> None:
    sent = acme.ask("say", text=text, inner=inner)
    if sent is None:
        assert (text, inner) != ("a", "b")
    else:
        assert orjson.loads(sent[2]) == {"text": text, "some": {"inner": inner}}
