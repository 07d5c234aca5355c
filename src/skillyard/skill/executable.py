"""`executable.json` beside SKILL.md: what makes a skill one that is invoked, with its schemas, steps, terms and price.

Name, version, description, tags and permissions stay where every skill has them, in its manifest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal, TypeVar

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.json_file import key_lines, read_json
from skillyard.skill.json_manifest import ReadableFiles
from skillyard.skill.names import check_name
from skillyard.skill.reading import UNREADABLE, Place, as_list, as_map, as_text, decode, did_you_mean, quoted
from skillyard.skill.schemas import Schema, read_schema, stored_schema

EXECUTABLE_FILE = "executable.json"
MAX_CHARS = 256 * 1024
MAX_DEPTH = 64  # schemas nest deeper than manifests do; they have bounds of their own
MAX_STEPS = 10
MAX_PRICE = 1_000_000
MAX_TIMEOUT_S = 3600
MAX_SYSTEM_PROMPT_CHARS = 50_000
_DEFAULT_TIMEOUT_S = 300
_MAX_LABEL_CHARS = 64
_MAX_MODEL_CHARS = 200
_MAX_TOKENS = 1_000_000
_MAX_CREDENTIALS = 10
_MAX_SCOPES = 20
_MAX_SCOPE_CHARS = 100
_MOST = 1_000_000_000

TrustLevel = Literal["L0", "L1", "L2"]
Runtime = Literal["python", "javascript"]
TRUST_LEVELS: tuple[TrustLevel, ...] = ("L0", "L1", "L2")
_RUNTIMES: tuple[Runtime, ...] = ("python", "javascript")
_ANYTHING = stored_schema("{}")
_Word = TypeVar("_Word", bound=str)


class Mode(StrEnum):
    """Open: a contract, worked off by its provider. Sealed: run by the registry, its files are for members only.
    Source: run by the registry, its files are there for all.
    """

    OPEN = "open"
    SEALED = "sealed"
    SOURCE = "source"


class CredentialMode(StrEnum):
    """Whose keys the steps work with."""

    NONE = "none"
    BUYER = "buyer_provides"
    SELLER = "seller_provides"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep:
    """A file of the skill, run with what came before as its input."""

    label: str
    runtime: Runtime
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmStep:
    """A question to a language model; None where the provider's own default counts."""

    label: str
    provider: str
    model: str
    temperature: float | None = None
    max_tokens: int | None = None
    system_prompt: str = ""


Step = ScriptStep | LlmStep


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredCredential:
    provider: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """`max_calls`, `max_cost_credits`: how far the seller's keys serve a buyer; None: without bound."""

    mode: CredentialMode = CredentialMode.NONE
    required: tuple[RequiredCredential, ...] = ()
    max_calls: int | None = None
    max_cost_credits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Executable:
    """`price`: credits for each invocation that is delivered."""

    input_schema: Schema
    output_schema: Schema
    trust_level: TrustLevel = "L0"
    mode: Mode = Mode.OPEN
    credentials: Credentials = Credentials()
    price: int = 0
    timeout_s: int = _DEFAULT_TIMEOUT_S
    accepts_requests: bool = True
    steps: tuple[Step, ...] = ()

    @property
    def runs_here(self) -> bool:
        """Whether the registry runs it, and no provider has to."""
        return bool(self.steps)

    def show(self) -> dict[str, Any]:
        """The plain value that `read_executable` reads, with every key in it."""
        credentials = {
            "mode": self.credentials.mode.value,
            "required": [{"provider": one.provider, "scopes": list(one.scopes)} for one in self.credentials.required],
            "seller_limit": _without_nones(
                {"max_calls": self.credentials.max_calls, "max_cost_credits": self.credentials.max_cost_credits}
            ),
        }
        return {
            "input_schema": self.input_schema.document,
            "output_schema": self.output_schema.document,
            "trust_level": self.trust_level,
            "mode": self.mode.value,
            "credentials": credentials,
            "price": self.price,
            "timeout_s": self.timeout_s,
            "accepts_requests": self.accepts_requests,
            "steps": [_show_step(step) for step in self.steps],
        }


def find_executable(files: ReadableFiles) -> tuple[Executable | None, list[Fault]]:
    """That of a skill: None without faults where it has no `executable.json`, and with them where it is not good."""
    if EXECUTABLE_FILE not in files:
        return None, []
    faults: list[Fault] = []
    place = Place(faults=faults, file=EXECUTABLE_FILE, lines={(): 1})
    text = decode(files.read(EXECUTABLE_FILE), place, most_bytes=4 * MAX_CHARS)
    if text is None:
        return None, faults
    try:
        value = read_json(text, file=EXECUTABLE_FILE, max_chars=MAX_CHARS, max_depth=MAX_DEPTH)
    except SkillError as error:
        return None, [*faults, *error.faults]
    return read_executable(value, Place(faults=faults, file=EXECUTABLE_FILE, lines=key_lines(text)), files), faults


def read_executable(value: Mapping[str, Any], place: Place, files: ReadableFiles) -> Executable | None:
    """What the value says; None when it has an error. Faults, all of them, are noted at `place`."""
    known = ("input_schema", "output_schema", "trust_level", "mode", "credentials", "price", "timeout_s",
             "accepts_requests", "steps")  # fmt: skip
    before = _errors(place)
    _refuse_unknown_keys(value, place, known)
    mode = Mode(_word(value.get("mode", "open"), place.at("mode"), tuple(one.value for one in Mode)) or "open")
    steps = _read_steps(value.get("steps"), place.at("steps"), files)
    _check_mode(mode, steps, place.at("steps"))
    read = Executable(
        input_schema=_read_schema(value, "input_schema", place),
        output_schema=_read_schema(value, "output_schema", place),
        trust_level=read_trust_level(value.get("trust_level", "L0"), place.at("trust_level")),
        mode=mode,
        credentials=_read_credentials(value.get("credentials"), place.at("credentials")),
        price=read_price(value.get("price", 0), place.at("price")),
        timeout_s=_whole(value.get("timeout_s", _DEFAULT_TIMEOUT_S), place.at("timeout_s"), 1, MAX_TIMEOUT_S) or 1,
        accepts_requests=_flag(value.get("accepts_requests", True), place.at("accepts_requests")),
        steps=steps,
    )
    return read if _errors(place) == before else None


def read_trust_level(value: object, place: Place) -> TrustLevel:
    return _word(value, place, TRUST_LEVELS) or "L0"


def read_price(value: object, place: Place) -> int:
    """Whole credits, none or more."""
    return _whole(value, place, 0, MAX_PRICE) or 0


def load_executable(value: Mapping[str, Any]) -> Executable:
    """What `show` has returned, which is not checked again."""
    limit = value["credentials"]["seller_limit"]
    return Executable(
        input_schema=_load_schema(value["input_schema"]),
        output_schema=_load_schema(value["output_schema"]),
        trust_level=value["trust_level"],
        mode=Mode(value["mode"]),
        credentials=Credentials(
            mode=CredentialMode(value["credentials"]["mode"]),
            required=tuple(
                RequiredCredential(provider=one["provider"], scopes=tuple(one["scopes"]))
                for one in value["credentials"]["required"]
            ),
            max_calls=limit.get("max_calls"),
            max_cost_credits=limit.get("max_cost_credits"),
        ),
        price=value["price"],
        timeout_s=value["timeout_s"],
        accepts_requests=value["accepts_requests"],
        steps=tuple(_load_step(step) for step in value["steps"]),
    )


def _show_step(step: Step) -> dict[str, Any]:
    if isinstance(step, ScriptStep):
        return {"type": "script", **asdict(step)}
    config = {"temperature": step.temperature, "max_tokens": step.max_tokens, "system_prompt": step.system_prompt}
    named = {"label": step.label, "provider": step.provider, "model": step.model}
    return {"type": "llm", **named, "config": _without_nones(config)}


def _load_step(value: Mapping[str, Any]) -> Step:
    if value["type"] == "script":
        return ScriptStep(label=value["label"], runtime=value["runtime"], file=value["file"])
    return LlmStep(label=value["label"], provider=value["provider"], model=value["model"], **value["config"])


def _read_schema(value: Mapping[str, Any], key: str, place: Place) -> Schema:
    """Where there is none, one that stands in for it beside the fault."""
    if key not in value:
        hint = 'write a JSON Schema, such as {"type": "object", "properties": {"url": {"type": "string"}}}'
        place.at(key).refuse("schema_missing", f"{place.at(key)} is missing", hint)
        return _ANYTHING
    return read_schema(value[key], place.at(key)) or _ANYTHING


def _load_schema(document: Mapping[str, Any]) -> Schema:
    return stored_schema(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def _check_mode(mode: Mode, steps: tuple[Step, ...], place: Place) -> None:
    if mode is Mode.OPEN and steps:
        hint = "make it sealed or source, or leave the steps out"
        place.refuse("steps_in_open_mode", "an open skill is worked off by its provider, and has no steps", hint)
    if mode is Mode.SEALED and not steps and not _errors(place):
        hint = "write at least one step, or make it open"
        place.refuse("steps_missing", "a sealed skill is run by the registry, and has no steps to run", hint)


def _read_steps(value: object, place: Place, files: ReadableFiles) -> tuple[Step, ...]:
    found = as_list(value, place, most=MAX_STEPS, hint="write a list of steps, also of one")
    steps = [step for index, one in enumerate(found) if (step := _read_step(one, place.at(index), files))]
    labels: set[str] = set()
    for step in steps:
        if step.label in labels:
            place.refuse("label_twice", f"two steps are called {quoted(step.label)}", "give each a label of its own")
        labels.add(step.label)
    return tuple(steps)


def _read_step(value: object, place: Place, files: ReadableFiles) -> Step | None:
    stated = as_map(value, place, hint='write it as {"type": "script", "label": "fetch", ...}')
    kind = _word(stated.get("type"), place.at("type"), ("script", "llm"))
    label = _line(stated.get("label"), place.at("label"), _MAX_LABEL_CHARS)
    if kind == "script":
        return _read_script(stated, label, place, files)
    return _read_llm(stated, label, place) if kind == "llm" else None


def _read_script(stated: Mapping[str, Any], label: str, place: Place, files: ReadableFiles) -> Step | None:
    _refuse_unknown_keys(stated, place, ("type", "label", "runtime", "file"))
    runtime = _word(stated.get("runtime"), place.at("runtime"), _RUNTIMES)
    file = as_text(stated.get("file"), place.at("file"), most_chars=1024)
    if file is None or file not in files:
        message = f"{place.at('file')} names no file of the skill" + (f": {quoted(file)}" if file else "")
        place.at("file").refuse("step_file_missing", message, "write its path below SKILL.md, as steps/fetch.py")
        return None
    return ScriptStep(label=label, runtime=runtime, file=file) if runtime else None


def _read_llm(stated: Mapping[str, Any], label: str, place: Place) -> Step:
    _refuse_unknown_keys(stated, place, ("type", "label", "provider", "model", "config"))
    at = place.at("config")
    config = as_map(stated.get("config"), at, hint="it has the keys temperature, max_tokens, system_prompt")
    _refuse_unknown_keys(config, at, ("temperature", "max_tokens", "system_prompt"))
    prompt = as_text(config.get("system_prompt"), at.at("system_prompt"), most_chars=MAX_SYSTEM_PROMPT_CHARS) or ""
    return LlmStep(
        label=label,
        provider=_slug(stated.get("provider"), place.at("provider")),
        model=_line(stated.get("model"), place.at("model"), _MAX_MODEL_CHARS),
        temperature=_temperature(config.get("temperature"), at.at("temperature")),
        max_tokens=_whole(config.get("max_tokens"), at.at("max_tokens"), 1, _MAX_TOKENS, is_needed=False),
        system_prompt=prompt,
    )


def _read_credentials(value: object, place: Place) -> Credentials:
    stated = as_map(value, place, hint="it has the keys mode, required, seller_limit")
    _refuse_unknown_keys(stated, place, ("mode", "required", "seller_limit"))
    modes = tuple(one.value for one in CredentialMode)
    mode = CredentialMode(_word(stated.get("mode", "none"), place.at("mode"), modes) or "none")
    listed = as_list(stated.get("required"), place.at("required"), most=_MAX_CREDENTIALS, hint="write a list")
    required = tuple(_read_required(one, place.at("required", index)) for index, one in enumerate(listed))
    if required and mode is CredentialMode.NONE:
        hint = f"write one of {', '.join(modes[1:])}"
        place.at("mode").refuse("bad_credentials", "keys are required, and nobody provides them", hint)
    at = place.at("seller_limit")
    limit = as_map(stated.get("seller_limit"), at, hint="it has the keys max_calls, max_cost_credits")
    _refuse_unknown_keys(limit, at, ("max_calls", "max_cost_credits"))
    return Credentials(
        mode=mode,
        required=required,
        max_calls=_whole(limit.get("max_calls"), at.at("max_calls"), 0, _MOST, is_needed=False),
        max_cost_credits=_whole(limit.get("max_cost_credits"), at.at("max_cost_credits"), 0, _MOST, is_needed=False),
    )


def _read_required(value: object, place: Place) -> RequiredCredential:
    stated = as_map(value, place, hint='write it as {"provider": "openai", "scopes": ["chat"]}')
    _refuse_unknown_keys(stated, place, ("provider", "scopes"))
    at = place.at("scopes")
    scopes = as_list(stated.get("scopes"), at, most=_MAX_SCOPES, hint="write a list of words")
    return RequiredCredential(
        provider=_slug(stated.get("provider"), place.at("provider")),
        scopes=tuple(_line(one, at.at(index), _MAX_SCOPE_CHARS) for index, one in enumerate(scopes)),
    )


def _refuse_unknown_keys(value: Mapping[str, Any], place: Place, known: tuple[str, ...]) -> None:
    """An unknown key is an error: what it was meant to bound would not be bounded."""
    for key in value:
        if key not in known:
            meant = did_you_mean(key, known)
            hint = f"did you mean {meant}?" if meant else f"known are {', '.join(known)}"
            place.at(key).refuse("unknown_key", f"{place} has no {quoted(key)}", hint)


def _word(value: object, place: Place, known: tuple[_Word, ...]) -> _Word | None:
    for word in known:
        if value == word:
            return word
    said = "is missing" if value is None else f"is {quoted(value)}"
    place.refuse("unknown_word", f"{place} {said}", f"write one of {', '.join(known)}")
    return None


def _whole(value: object, place: Place, least: int, most: int, *, is_needed: bool = True) -> int | None:
    if value is None and not is_needed:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    place.refuse("bad_number", f"{place} is {quoted(value)}", f"write a whole number from {least} to {most}")
    return None


def _temperature(value: object, place: Place) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 2:
        return float(value)
    place.refuse("bad_number", f"{place} is {quoted(value)}", "write a number from 0 to 2")
    return None


def _flag(value: object, place: Place) -> bool:
    if not isinstance(value, bool):
        place.refuse_type("true or false", "write true or false, without quotes")
    return value is True


def _line(value: object, place: Place, most_chars: int) -> str:
    """Text of one line, which must be there."""
    text = as_text(value, place, most_chars=most_chars)
    if text is None:
        if value is None or isinstance(value, str):
            place.refuse("text_missing", f"{place} is missing", "write it as text")
        return ""
    if UNREADABLE.search(text) or "\n" in text:
        place.refuse("bad_character", f"{place} has characters that are not seen", "write it on one line")
    return text


def _slug(value: object, place: Place) -> str:
    text = _line(value, place, _MAX_MODEL_CHARS)
    if text and (faults := check_name(text)):
        place.refuse("bad_provider", f"{place}: {faults[0].message}", "write it as openai")
    return text


def _without_nones(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _errors(place: Place) -> int:
    return sum(fault.severity == "error" for fault in place.faults)
