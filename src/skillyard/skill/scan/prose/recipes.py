"""Reads `recipes.toml`: which concepts, standing together, make a rule."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from skillyard.skill.scan.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to meet `rule`. The fields are explained at the top of `recipes.toml`."""

    rule: str
    anchor: str
    near: tuple[str, ...]
    close: str
    before: str
    about: tuple[str, ...]
    one_of: tuple[str, ...]
    unless: tuple[str, ...]
    reach: int
    vendors_may: bool
    strangers: bool
    deniable: bool
    loosely: bool
    grave: bool
    severity: Severity
    confidence: float


@cache
def recipes() -> tuple[Recipe, ...]:
    """All of them, rule by rule, the graver first."""
    text = resources.files("skillyard.skill.scan.prose").joinpath("recipes.toml").read_text(encoding="utf-8")
    return tuple(_recipe(rule, entry) for rule, entries in tomllib.loads(text).items() for entry in entries)


@cache
def anchor_concepts() -> frozenset[str]:
    """The concepts that recipes begin with."""
    return frozenset(recipe.anchor for recipe in recipes())


def _recipe(rule: str, entry: dict[str, Any]) -> Recipe:
    near, about, one_of, unless = (tuple(entry.get(name, "").split()) for name in ("near", "about", "one_of", "unless"))
    return Recipe(
        rule=rule,
        anchor=entry["anchor"],
        near=near,
        close=entry.get("close", ""),
        before=entry.get("before", ""),
        about=about,
        one_of=one_of,
        unless=unless,
        reach=entry.get("reach", 1),
        vendors_may=entry.get("vendors_may", False),
        strangers=entry.get("strangers", False),
        deniable=bool(entry.get("deniable", True)),
        loosely=entry.get("deniable") == "loosely",
        grave=entry.get("grave", False),
        severity=Severity(entry.get("severity", "high")),
        confidence=entry["confidence"],
    )
