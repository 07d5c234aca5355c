"""Files of integrations with faults: each is refused with its line and what to do, and none does anything else."""

from __future__ import annotations

import itertools
import random
import re
import time

import pytest

from skillyard.domain.gateway.calls.call_errors import ParamsInvalid
from skillyard.domain.gateway.calls.params import check_params
from skillyard.domain.gateway.catalog.integration import Integration
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.lookup import FOLDER
from skillyard.skill.faults import Fault, SkillError

GITHUB = (FOLDER / "github.yaml").read_text(encoding="utf-8")
SOON_S = 10


def _read(text: str) -> Integration | list[Fault]:
    """What becomes of it; fails when it takes long, or ends otherwise."""
    began = time.monotonic()
    try:
        return read_integration(text, file="acme.yaml", is_ours=False)
    except SkillError as error:
        return list(error.faults)
    finally:
        assert time.monotonic() - began < SOON_S


def _refused(text: str) -> list[Fault]:
    faults = _read(text)
    assert isinstance(faults, list), "it was accepted"
    assert faults
    assert all(fault.message and fault.hint for fault in faults)
    return faults


def _with(old: str, new: str) -> str:
    assert old in GITHUB
    return GITHUB.replace(old, new, 1)


_LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in itertools.pairwise("abcdefghi")
)
NO_FILES = {
    "empty": "",
    "nul": "\0",
    "a list": "- a\n- b\n",
    "unclosed": "a: [",
    "a cycle": "a: &x [*x]",
    "deep": "&a [" + "[" * 5_000,
    "deeper": "{" * 5_000,
    "python": "x: !!python/object/apply:os.system ['exit 1']",
    "a billion laughs": _LAUGHS,
    "the same key": "integration: github\n" * 3,
    "a long number": "a: " + "9" * 50_000,
    "half a character": "\ud800",
    "huge": "x: " + "y" * 20_000_000,
}


@pytest.mark.parametrize("text", NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_such_file_is_refused(text: str) -> None:
    _refused(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("base_url: https://api.github.com", "base_url: file:///etc/passwd"),
        ("base_url: https://api.github.com", "base_url: https://user:secret@api.github.com"),
        ("base_url: https://api.github.com", 'base_url: "https://api.github.com\\r\\nx: y"'),
        ("base_url: https://api.github.com", "base_url: https://{nobody}.github.com"),
        ("base_url: https://api.github.com", "base_url: 7"),
        ("docs_url: https://docs.github.com", "docs_url: javascript://docs.github.com"),
        ("integration: github", "integration: ../github"),
        ("integration: github", "integration: GitHub"),
        ("version: ", "version: -"),
        ("headers: {", 'headers: {"x-evil: y\\r\\nhost": z, '),
        ("headers: {", 'headers: {x-evil: "y\\r\\nhost: z", '),
        ("headers: {", "headers: {host: evil.example, "),
        ("effect: read", "effect: harmless"),
        ("method: GET", "method: get it"),
        ("path: /repos/", "path: //evil.example/repos/"),
        ("path: /repos/", "path: https://evil.example/repos/"),
        ("type: integer", "type: whole number"),
        ("paging: {kind: link", "paging: {kind: chain"),
        ("identity: {path: /user", "identity: {path: https://evil.example/user"),
    ],
)
def test_what_would_mislead_is_refused_with_its_line(old: str, new: str) -> None:
    text = _with(old, new)
    line = text[: text.index(new)].count("\n") + 1
    faults = _refused(text)
    assert line in {fault.line for fault in faults}, [(fault.line, fault.message) for fault in faults]


def test_every_fault_of_a_file_is_told_at_once() -> None:
    text = (
        _with("effect: read", "effect: harmless")
        .replace("version: ", "version: -")
        .replace("title: GitHub", "titel: GitHub")
    )
    assert len({fault.line for fault in _refused(text)}) >= 3


def test_a_pattern_that_would_take_for_ever_takes_no_time() -> None:
    found = _read(re.sub(r'pattern: "[^"]+"', 'pattern: "^(a+)+$"', GITHUB))
    assert isinstance(found, Integration)
    endpoint = found.endpoints["create_issue"]
    given = {param.name: "a" * 40 + "!" for param in endpoint.params if param.is_required}
    began = time.monotonic()
    with pytest.raises(ParamsInvalid):
        check_params(found, endpoint, given)
    assert time.monotonic() - began < SOON_S


def test_whatever_happens_to_a_file_it_is_read_or_refused() -> None:
    chance = random.Random(7)
    for _ in range(150):
        text = GITHUB[:6000]
        for _ in range(chance.randint(1, 4)):
            at, width = chance.randrange(len(text)), chance.choice([0, 1, 5, 40])
            piece = chance.choice(
                ["", "\t", "{", "]", "'", ": ", "- ", "&a ", "*a", "!!set", "\n", "null", "1e999", "é", "\x1b", "<<: "]
            )
            text = text[:at] + piece + text[at + width :]
        _read(text)
