"""The shape of a plugin: a family of rules that look at a subject together."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from skillyard.skill.scan import rules as rules_package
from skillyard.skill.scan.finding import Finding, Rule
from skillyard.skill.scan.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """`check` yields findings of these rules only. It is pure, linear in the size of the subject, and runs nothing."""

    name: str
    rules: tuple[Rule, ...]
    check: Callable[[Subject], Iterable[Finding]]


@cache
def families() -> tuple[Family, ...]:
    """Every family in `rules/`, by name: each module there has one as `FAMILY`."""
    names = sorted(module.name for module in pkgutil.iter_modules(rules_package.__path__) if not module.ispkg)
    modules = [importlib.import_module(f"{rules_package.__name__}.{name}") for name in names]
    found: list[Family] = [module.FAMILY for module in modules]
    return tuple(found)


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its id."""
    return {rule.id: rule for family in families() for rule in family.rules}
