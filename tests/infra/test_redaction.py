"""Secrets are taken out of whatever a piece of work says, in the usual spellings."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from skillyard.infra.redaction import Redactor

KEY = 'sk-proj/0123456789+"abcdef"'
SPELLED = {
    "as it is": KEY,
    "in JSON": json.dumps(KEY),
    "in an address": quote(KEY, safe=""),
    "in hexadecimal": KEY.encode().hex(),
    "in base64": base64.b64encode(KEY.encode()).decode(),
    "in base64 for addresses": base64.urlsafe_b64encode(KEY.encode()).decode(),
}


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED.keys())
def test_a_secret_is_hidden_however_it_is_spelled(spelled: str) -> None:
    hide = Redactor([KEY])
    for told in (hide.text(f"a {spelled} b"), hide.data(f"a {spelled} b".encode()).decode()):
        assert KEY not in told
        assert spelled.strip('="') not in told
        assert told.startswith("a ")
        assert told.endswith(" b")
    assert hide.data(b"\xff\x00" + spelled.encode()).startswith((b"\xff\x00***", b'\xff\x00"***'))


def test_a_secret_of_many_lines_is_hidden_line_by_line() -> None:
    lines = ["-----BEGIN PRIVATE KEY-----", "MC4CAQAwBQYDK2VwBCIEIDsoZMN8ZvX2", "-----END PRIVATE KEY-----"]
    assert Redactor(["\n".join(lines)]).text(f"  {lines[1]}\r\n and more") == "  ***\r\n and more"


def test_values_are_searched_with_their_keys() -> None:
    value = {"text": f"x{KEY}", KEY: [1, None, True, {"deep": [KEY]}], "kept": 1.5}
    assert Redactor([KEY]).value(value) == {"text": "x***", "***": [1, None, True, {"deep": ["***"]}], "kept": 1.5}


def test_a_secret_within_another_does_not_leave_its_rest() -> None:
    assert Redactor(["secret-one", "secret-one-and-more"]).text("secret-one-and-more") == "***"


def test_what_is_too_short_is_left_and_nothing_is_shown_of_the_rest() -> None:
    assert Redactor(["abc", ""]).text("abcabc") == "abcabc"
    assert KEY not in repr(Redactor([KEY]))
