"""Whether one schema admits every value that another does: proved from what is written in both, or not at all.

A yes is a proof. A no says what is missing, and may be wrong where the two say the same in different ways.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from skillyard.skill.json_values import pointer
from skillyard.skill.reading import shorten
from skillyard.skill.schema_facts import Given, Part, atoms_of, flatten, in_words
from skillyard.skill.schema_graph import Path
from skillyard.skill.schema_promises import is_promised
from skillyard.skill.schemas import admits_at

_MAX_STEPS = 600
_MAX_DEPTH = 40
_MAX_SPLITS = 4
_PARTS_PER_STEP = 8
_Claim = tuple[tuple[str, Path], frozenset[object]]


def why_not_covered(wanted: Part, given: Given, at: Path = ()) -> str | None:
    """Why values that are `given` may not be admitted by `wanted`; None when all are. `at`: where the value stands."""
    return _Proof().why_not(wanted, given, at)


class _Proof:
    """One attempt, within bounds. What is being proved already is taken as proved further down: values end."""

    def __init__(self) -> None:
        self._steps = 0
        self._assumed: set[_Claim] = set()

    def why_not(self, wanted: Part, given: Given, at: Path) -> str | None:
        claim = (wanted.key, given.key)
        if claim in self._assumed or given.is_nothing or wanted.body is True or _is_said(wanted, given):
            return None
        self._steps += 1 + len(given.parts) // _PARTS_PER_STEP
        if self._steps > _MAX_STEPS or len(self._assumed) > _MAX_DEPTH:
            return _at(at, "the schemas are too involved to be compared")
        self._assumed.add(claim)
        why = self._why_not_by_cases(wanted, given, at)
        self._assumed.discard(claim)
        return why

    def _why_not_by_cases(self, wanted: Part, given: Given, at: Path) -> str | None:
        values = given.values
        if values is not None:
            refused = [value for value in values if not admits_at(wanted.schema, wanted.path, value)]
            return _at(at, f"{_shown(refused[0])} may be given, and is not taken") if refused else None
        why = self._why_not_at_once(wanted, given, at)
        if why is None or any(self._covers_all(wanted, cases, at) for cases in islice(given.cases(), _MAX_SPLITS)):
            return None
        return why

    def _covers_all(self, wanted: Part, cases: list[Given], at: Path) -> bool:
        return all(self.why_not(wanted, case, at) is None for case in cases)

    def _why_not_at_once(self, wanted: Part, given: Given, at: Path) -> str | None:
        reasons = (self._why_not_part(part, given, at) for part in flatten([wanted]))
        return next((why for why in reasons if why is not None), None)

    def _why_not_part(self, part: Part, given: Given, at: Path) -> str | None:
        if isinstance(part.body, bool):
            return None if part.body else _at(at, "nothing is taken")
        wanted = atoms_of(part.get("type"))
        if not given.types <= wanted:
            return _at(at, f"{in_words(wanted)} is wanted, {in_words(given.types)} is given")
        for keyword, stated in part.body.items():
            if not is_promised(keyword, stated, given):
                return _at(at, f"{keyword} {_shown(stated)} is wanted, and not promised")
            types, rule = _RULES.get(keyword, _NO_RULE)
            why = rule(self, part, given, at) if types & given.types else None
            if why is not None:
                return why
        return None

    def properties(self, part: Part, given: Given, at: Path) -> str | None:
        for name in part.get("properties"):
            why = self.why_not(part.under("properties", name), given.value_of(name), (*at, name))
            if why is not None:
                return why
        return None

    def required(self, part: Part, given: Given, at: Path) -> str | None:
        missing = [name for name in part.get("required") if name not in given.required]
        return _at(at, f"{_shown(missing[0])} is wanted, and not always given") if missing else None

    def additional_properties(self, part: Part, given: Given, at: Path) -> str | None:
        named = part.get("properties") or ()
        return self._each_property(part.under("additionalProperties"), given, at, but=named)

    def pattern_properties(self, part: Part, given: Given, at: Path) -> str | None:
        """As if each pattern matched every name."""
        for pattern in part.get("patternProperties"):
            why = self._each_property(part.under("patternProperties", pattern), given, at, but=())
            if why is not None:
                return why
        return None

    def _each_property(self, wanted: Part, given: Given, at: Path, *, but: Any) -> str | None:
        for name in given.names:
            if name not in but:
                why = self.why_not(wanted, given.value_of(name), (*at, name))
                if why is not None:
                    return why
        why = self.why_not(wanted, given.other_properties, at)
        return f"{why}, in properties that are not named" if why is not None else None

    def property_names(self, part: Part, given: Given, at: Path) -> str | None:
        wanted = part.under("propertyNames")
        refused = [name for name in given.names if not admits_at(wanted.schema, wanted.path, name)]
        if refused or not given.other_properties.is_nothing:
            return _at(at, "properties with other names may be given")
        return None

    def dependencies(self, part: Part, given: Given, at: Path) -> str | None:
        for keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
            for name, needs in (part.get(keyword) or {}).items():
                if given.value_of(name).is_nothing:
                    continue
                if isinstance(needs, list):
                    missing = [need for need in needs if need not in given.required]
                    why = _at(at, f"{_shown(missing[0])} is wanted with {_shown(name)}") if missing else None
                else:
                    why = self.why_not(part.under(keyword, name), given, at)
                if why is not None:
                    return why
        return None

    def items(self, part: Part, given: Given, at: Path) -> str | None:
        if isinstance(part.get("items"), list):
            return _at(at, "items are wanted one by one")
        first = len(part.get("prefixItems") or ())
        for index in range(first, max(first, given.first_items) + 1):
            why = self.why_not(part.under("items"), given.item(index), (*at, str(index)))
            if why is not None:
                return why
        return None

    def prefix_items(self, part: Part, given: Given, at: Path) -> str | None:
        for index, wanted in enumerate(part.under_each("prefixItems")):
            why = self.why_not(wanted, given.item(index), (*at, str(index)))
            if why is not None:
                return why
        return None

    def any_of(self, part: Part, given: Given, at: Path) -> str | None:
        reasons = []
        for case in part.under_each("anyOf"):
            why = self.why_not(case, given, at)
            if why is None:
                return None
            reasons.append(why)
        return reasons[0] if len(reasons) == 1 else _at(at, f"none of the {len(reasons)} forms that are taken is given")

    def one_of(self, part: Part, given: Given, at: Path) -> str | None:
        """The one case must be given, and the others must be of other types."""
        cases = part.under_each("oneOf")
        for case in cases:
            others = [other for other in cases if other is not case]
            if all(_is_of_other_type(other, given) for other in others) and self.why_not(case, given, at) is None:
                return None
        return _at(at, f"not exactly one of the {len(cases)} forms that are taken is given for sure")

    def condition(self, part: Part, given: Given, at: Path) -> str | None:
        """As if both cases held."""
        for keyword in ("then", "else"):
            why = self.why_not(part.under(keyword), given, at) if part.get(keyword) is not None else None
            if why is not None:
                return why
        return None

    def values(self, _part: Part, _given: Given, at: Path) -> str | None:
        return _at(at, "only certain values are taken, and others may be given")

    def never(self, _part: Part, _given: Given, at: Path) -> str | None:
        return _at(at, "what is wanted cannot be compared with what is given")


_Rule = Callable[[_Proof, Part, Given, Path], str | None]
_EVERY = atoms_of(None)
_OBJECT, _ARRAY, _STRING = atoms_of("object"), atoms_of("array"), atoms_of("string")
_NO_RULE: tuple[frozenset[str], _Rule] = (frozenset(), _Proof.never)

_RULES: Mapping[str, tuple[frozenset[str], _Rule]] = {
    "properties": (_OBJECT, _Proof.properties),
    "required": (_OBJECT, _Proof.required),
    "additionalProperties": (_OBJECT, _Proof.additional_properties),
    "patternProperties": (_OBJECT, _Proof.pattern_properties),
    "propertyNames": (_OBJECT, _Proof.property_names),
    "dependentRequired": (_OBJECT, _Proof.dependencies),
    "dependentSchemas": (_OBJECT, _Proof.dependencies),
    "dependencies": (_OBJECT, _Proof.dependencies),
    "items": (_ARRAY, _Proof.items),
    "prefixItems": (_ARRAY, _Proof.prefix_items),
    "anyOf": (_EVERY, _Proof.any_of),
    "oneOf": (_EVERY, _Proof.one_of),
    "if": (_EVERY, _Proof.condition),
    "enum": (_EVERY, _Proof.values),
    "const": (_EVERY, _Proof.values),
    "not": (_EVERY, _Proof.never),
    "contains": (_ARRAY, _Proof.never),
    "additionalItems": (_ARRAY, _Proof.never),
    "unevaluatedItems": (_ARRAY, _Proof.never),
    "unevaluatedProperties": (_OBJECT, _Proof.never),
    "contentEncoding": (_STRING, _Proof.never),
    "contentMediaType": (_STRING, _Proof.never),
}


def _is_said(wanted: Part, given: Given) -> bool:
    """Whether the very same is among what is given."""
    return any(part.key == wanted.key or _say_the_same(part, wanted) for part in given.parts)


def _say_the_same(one: Part, other: Part) -> bool:
    if type(one.body) is not type(other.body) or one.draft != other.draft or one.body != other.body:
        return False
    text = json.dumps(one.body, sort_keys=True)
    return '"$ref"' not in text and text == json.dumps(other.body, sort_keys=True)


def _is_of_other_type(part: Part, given: Given) -> bool:
    types = given.types
    for inner in flatten([part]):
        types &= atoms_of(inner.get("type"))
    return not types


def _shown(value: object) -> str:
    return shorten(json.dumps(value, ensure_ascii=False))


def _at(at: Path, why: str) -> str:
    return f"at {pointer(at)}: {why}" if at else why
