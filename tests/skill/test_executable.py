"""executable.json: what it may say, every fault at once with its line, and nothing hostile let in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skillyard.skill.archive import skill_files
from skillyard.skill.executable import (
    CredentialMode,
    Executable,
    LlmStep,
    Mode,
    RequiredCredential,
    ScriptStep,
    find_executable,
    load_executable,
)
from skillyard.skill.faults import Fault

SCRIPT = {"type": "script", "label": "fetch", "runtime": "python", "file": "steps/fetch.py"}
LLM = {
    "type": "llm", "label": "sum", "provider": "openai", "model": "gpt-4o",
    "config": {"temperature": 0.3, "max_tokens": 2000, "system_prompt": "Be brief."},
}  # fmt: skip
LEAST: dict[str, Any] = {"input_schema": {"type": "object"}, "output_schema": {}}
WHOLE: dict[str, Any] = {
    "input_schema": {"type": "object", "properties": {"url": {"type": "string"}}},
    "output_schema": {"type": "object"},
    "trust_level": "L1",
    "mode": "sealed",
    "credentials": {
        "mode": "both",
        "required": [{"provider": "openai", "scopes": ["chat"]}],
        "seller_limit": {"max_calls": 100, "max_cost_credits": 500},
    },
    "price": 10,
    "timeout_s": 60,
    "accepts_requests": False,
    "steps": [SCRIPT, LLM],
}


def read(value: object) -> tuple[Executable | None, list[Fault]]:
    text = value if isinstance(value, str) else json.dumps(value)
    contents = {"SKILL.md": b"", "executable.json": text.encode(), "steps/fetch.py": b"output = {}\n"}
    return find_executable(skill_files(contents))


def codes(value: object) -> set[str]:
    executable, faults = read(value)
    assert executable is None
    return {fault.code for fault in faults}


def test_a_skill_without_the_file_is_none_to_invoke() -> None:
    assert find_executable(skill_files({"SKILL.md": b""})) == (None, [])


def test_little_is_needed_and_the_rest_has_its_defaults() -> None:
    executable, faults = read(LEAST)
    assert faults == []
    assert executable is not None
    assert (executable.mode, executable.trust_level, executable.price, executable.steps) == (Mode.OPEN, "L0", 0, ())
    assert not executable.runs_here


def test_everything_is_read_as_it_is_written() -> None:
    executable, faults = read(WHOLE)
    assert faults == []
    assert executable is not None
    assert executable.steps == (
        ScriptStep(label="fetch", runtime="python", file="steps/fetch.py"),
        LlmStep(
            label="sum", provider="openai", model="gpt-4o", temperature=0.3, max_tokens=2000, system_prompt="Be brief."
        ),
    )
    assert executable.credentials.mode is CredentialMode.BOTH
    assert executable.credentials.required == (RequiredCredential(provider="openai", scopes=("chat",)),)
    assert executable.runs_here


@pytest.mark.parametrize("value", [LEAST, WHOLE])
def test_what_is_shown_reads_as_the_same(value: dict[str, Any]) -> None:
    executable, _ = read(value)
    assert executable is not None
    assert read(executable.show()) == (executable, [])
    assert load_executable(json.loads(json.dumps(executable.show()))) == executable


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price": -1}, "bad_number"),
        ({"price": 1.5}, "bad_number"),
        ({"price": True}, "bad_number"),
        ({"price": 10**9}, "bad_number"),
        ({"timeout_s": 0}, "bad_number"),
        ({"mode": "closed"}, "unknown_word"),
        ({"mode": ["sealed"]}, "unknown_word"),
        ({"trust_level": "L3"}, "unknown_word"),
        ({"accepts_requests": "yes"}, "wrong_type"),
        ({"prize": 3}, "unknown_key"),
        ({"input_schema": []}, "wrong_type"),
        ({"input_schema": {"type": "nothing"}}, "schema_not_valid"),
        ({"mode": "open"}, "steps_in_open_mode"),
        ({"steps": []}, "steps_missing"),
        ({"steps": [SCRIPT] * 11}, "too_many"),
        ({"steps": [SCRIPT, SCRIPT]}, "label_twice"),
        ({"steps": [{**SCRIPT, "file": "steps/other.py"}]}, "step_file_missing"),
        ({"steps": [{**SCRIPT, "file": "../../etc/passwd"}]}, "step_file_missing"),
        ({"steps": [{**SCRIPT, "file": 7}]}, "step_file_missing"),
        ({"steps": [{**SCRIPT, "runtime": "ruby"}]}, "unknown_word"),
        ({"steps": [{**SCRIPT, "script": "print()"}]}, "unknown_key"),
        ({"steps": [{**SCRIPT, "label": ""}]}, "text_missing"),
        ({"steps": [{**SCRIPT, "label": "a\nb"}]}, "bad_character"),
        ({"steps": [{**SCRIPT, "label": "x" * 65}]}, "too_long"),
        ({"steps": [{"type": "shell"}]}, "unknown_word"),
        ({"steps": ["fetch"]}, "wrong_type"),
        ({"steps": [{**LLM, "provider": "Open AI"}]}, "bad_provider"),
        ({"steps": [{**LLM, "model": None}]}, "text_missing"),
        ({"steps": [{**LLM, "config": {"temperature": 3}}]}, "bad_number"),
        ({"steps": [{**LLM, "config": {"max_tokens": 0}}]}, "bad_number"),
        ({"steps": [{**LLM, "config": {"system_prompt": "x" * 50_001}}]}, "too_long"),
        ({"credentials": {"mode": "none", "required": [{"provider": "openai"}]}}, "bad_credentials"),
        ({"credentials": {"mode": "mine"}}, "unknown_word"),
        ({"credentials": {"mode": "both", "seller_limit": {"max_calls": -1}}}, "bad_number"),
        ({"credentials": {"mode": "both", "required": [{"provider": "openai", "key": "sk-1"}]}}, "unknown_key"),
    ],
)
def test_each_fault_is_named(changes: dict[str, Any], code: str) -> None:
    assert code in codes({**WHOLE, **changes})


def test_all_faults_are_said_at_once_each_with_its_line() -> None:
    text = json.dumps({**WHOLE, "price": -1, "mode": "closed", "steps": [{**SCRIPT, "runtime": "ruby"}]}, indent=1)
    executable, faults = read(text)
    assert executable is None
    lines = text.split("\n")
    assert [(fault.code, lines[(fault.line or 0) - 1].strip().partition(":")[0]) for fault in faults] == [
        ("unknown_word", '"mode"'), ("unknown_word", '"runtime"'), ("bad_number", '"price"'),
    ]  # fmt: skip
    assert all(fault.hint and fault.file == "executable.json" for fault in faults)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_json"),
        ("[]", "bad_json"),
        ("{" * 5000, "bad_json"),
        ('{"a": ' * 5000 + "1" + "}" * 5000, "too_deep"),
        ('{"price": 1, "price": 2}', "duplicate_key"),
        ('{"price": NaN}', "bad_json"),
        ("x" * 300_000, "too_large"),
        ('{"mode": "\\u0000"}', "bad_character"),
    ],
)
def test_text_that_is_hostile_is_refused(text: str, code: str) -> None:
    assert code in codes(text)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "file:///etc/passwd"},
        {"pattern": "(a+)+$" * 2 + "(?=b)"},
        {"enum": ["x" * 70_000]},
    ],
)
def test_a_hostile_schema_is_refused(schema: dict[str, Any]) -> None:
    assert codes({**LEAST, "input_schema": schema})
