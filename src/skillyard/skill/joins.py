"""Whether one skill's output can be another's input: which property comes from where, and why not where it cannot.

Properties are joined by their names alone; nothing is renamed or guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from skillyard.skill.covering import why_not_covered
from skillyard.skill.reading import shorten
from skillyard.skill.schema_facts import Given, Part, atoms_of, facts_of, whole
from skillyard.skill.schemas import Schema

_MAX_REASONS = 10
_MAX_PROPERTIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something that is there already, and what its values are like."""

    label: str
    schema: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """`mapping`: the label of the source of each property that is passed on, `EVERYTHING` for all of one. `assumed`:
    properties that are spoken of by a source that does not say which of its properties are always there. `reasons`:
    why it does not fit, empty when it does.
    """

    mapping: Mapping[str, str]
    assumed: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        return not self.reasons


EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Ends:
    """What the names and types in the schemas of a skill tell beforehand. `needs`: what its input must have, `takes`:
    what it may have, each with the types it may be of; `gives`: what its output has, as far as can be relied on.
    """

    input: Schema
    output: Schema
    needs: frozenset[str]
    takes: Mapping[str, frozenset[str]]
    gives: Mapping[str, frozenset[str]]

    def can_follow(self, given: Sequence[Mapping[str, frozenset[str]]]) -> bool:
        """Whether `join` may fit with sources that give this; when not, it does not."""
        return all(any(self.takes[name] & one.get(name, frozenset()) for one in given) for name in self.needs)


def ends_of(input_schema: Schema, output_schema: Schema) -> Ends:
    wanted = facts_of(input_schema)
    names = _names(wanted)
    return Ends(
        input=input_schema,
        output=output_schema,
        needs=wanted.required,
        takes={name: wanted.value_of(name).types for name in {*names, *wanted.required}},
        gives=given_by(output_schema),
    )


def given_by(schema: Schema) -> Mapping[str, frozenset[str]]:
    """The properties that a join may rely on, with their types."""
    known = facts_of(schema)
    names = known.required if _says_what_is_there(known) else frozenset(known.names)
    return {name: known.value_of(name).types for name in names} if "object" in known.types else {}


def wanted_by(schema: Schema) -> Mapping[str, frozenset[str]]:
    """The properties that `deliver` asks for, with the types that they may be of."""
    wanted = facts_of(schema)
    return {name: wanted.value_of(name).types for name in wanted.required or wanted.names}


def join(sources: Sequence[Source], taking: Schema) -> Join:
    """How the input of a skill is put together from the sources; of two that have a property, the first gives it.

    When it fits, every input that `pass_on` makes from values which the sources' schemas admit, and which have what is
    assumed, is admitted by `taking`.
    """
    wanted = facts_of(taking)
    names = _names(wanted)
    return _join_named(sources, taking, names, wanted.required) if names else _join_everything(sources[0], taking)


def deliver(source: Source, desired: Schema) -> Join:
    """Whether an output has what somebody desires: the required properties, or all that are named if none is."""
    wanted = facts_of(desired)
    names = _names(wanted)
    if not names:
        return _join_everything(source, desired)
    return _join_named([source], desired, names, wanted_by(desired).keys())


def _names(wanted: Given) -> list[str]:
    return sorted({*wanted.names, *wanted.required})[:_MAX_PROPERTIES]


def _join_everything(source: Source, taking: Schema) -> Join:
    why = why_not_covered(whole(taking), facts_of(source.schema))
    return Join(mapping={EVERYTHING: source.label}, reasons=(f"the {source.label}: {why}",) if why is not None else ())


def _join_named(sources: Sequence[Source], taking: Schema, names: Iterable[str], needed: Collection[str]) -> Join:
    wanted = facts_of(taking)
    passed: dict[str, _Passed] = {}
    reasons: list[str] = []
    for name in names:
        found = _find(name, wanted.value_of(name), sources, is_needed=name in needed)
        if isinstance(found, _Passed):
            passed[name] = found
        elif name in needed:
            reasons.append(found)
    if not passed and not reasons:
        reasons.append("nothing that is given is taken")
    if not reasons:
        why_not = why_not_covered(whole(taking), _Built(passed))
        reasons = [why_not] if why_not is not None else []
    return Join(
        mapping={name: found.label for name, found in passed.items()},
        assumed=tuple(name for name, found in passed.items() if found.is_assumed),
        reasons=tuple(reasons[:_MAX_REASONS]),
    )


def _find(name: str, wanted: Given, sources: Sequence[Source], *, is_needed: bool) -> _Passed | str:
    """What is known of the property that the first fitting source gives, or why none does."""
    reasons = []
    for source in sources:
        known = facts_of(source.schema)
        why = _why_not_from(name, wanted, known, is_needed=is_needed)
        if why is None:
            is_sure = _is_sure(name, known)
            is_assumed = is_needed and not is_sure
            return _Passed(source.label, known.value_of(name), is_sure=is_sure, is_assumed=is_assumed)
        reasons.append(f"the {source.label} {why}")
    return f"{shorten(name)}: {'; '.join(reasons)}"


def _why_not_from(name: str, wanted: Given, known: Given, *, is_needed: bool) -> str | None:
    if "object" not in known.types or name not in (*known.names, *known.required):
        return "does not have it"
    if is_needed and _says_what_is_there(known) and name not in known.required:
        return "has it only sometimes"
    reasons = (why_not_covered(part, known.value_of(name)) for part in wanted.parts)
    why = next((why for why in reasons if why is not None), None)
    return f"does not suit: {why}" if why is not None else None


def _says_what_is_there(known: Given) -> bool:
    return any(part.get("required") is not None for part in known.parts)


def _is_sure(name: str, known: Given) -> bool:
    return name in known.required and known.types == atoms_of("object")


def pass_on(mapping: Mapping[str, str], values: Mapping[str, Any]) -> Any:
    """The input that a join puts together from the value of each source, by its label."""
    if EVERYTHING in mapping:
        return values[mapping[EVERYTHING]]
    return {
        name: values[label][name]
        for name, label in mapping.items()
        if isinstance(values.get(label), Mapping) and name in values[label]
    }


@dataclass(frozen=True, slots=True)
class _Passed:
    """A property on its way: what is known of it, and whether it is always there."""

    label: str
    value: Given
    is_sure: bool
    is_assumed: bool


class _Built(Given):
    """The object that is put together: it has what is passed, and nothing else."""

    def __init__(self, passed: Mapping[str, _Passed]) -> None:
        super().__init__(())
        self._passed = passed

    @cached_property
    def key(self) -> frozenset[object]:
        return frozenset(("built", name) for name in self._passed)

    @cached_property
    def types(self) -> frozenset[str]:
        return atoms_of("object")

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(name for name, found in self._passed.items() if found.is_sure or found.is_assumed)

    @cached_property
    def names(self) -> list[str]:
        return list(self._passed)

    def value_of(self, name: str) -> Given:
        return self._passed[name].value if name in self._passed else _nothing()

    @cached_property
    def other_properties(self) -> Given:
        return _nothing()


def _nothing() -> Given:
    return Given([Part(Schema(text="false", document={}), (), body=False)])
