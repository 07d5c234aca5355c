"""The rules about dependencies."""

from __future__ import annotations

from skillyard.skill.scan.finding import Category, Owasp, Rule, Severity


def _rule(what: str, severity: Severity, confidence: float, title: str, why: str, advice: str) -> Rule:
    return Rule(
        id=f"dependencies.{what}",
        category=Category.DEPENDENCIES,
        owasp=Owasp.SUPPLY_CHAIN_COMPROMISE,
        severity=severity,
        confidence=confidence,
        title=title,
        why=why,
        advice=advice,
    )


NEAR_NAME = _rule(
    "near-name",
    Severity.HIGH,
    0.7,
    "A dependency is named almost like a popular package",
    "Packages with a letter swapped are published to be installed by mistake, and run when they are installed.",
    "Write the name of the package that is meant. If this one is meant, say why in SKILL.md and appeal.",
)
INDEX_OPTION = _rule(
    "index-option",
    Severity.HIGH,
    0.7,
    "Packages are taken from an unknown index",
    "Whoever runs that index decides what is installed; beside the public index, the higher version number wins.",
    "Install from the public index, or let the user name theirs.",
)
DIRECT_ADDRESS = _rule(
    "direct-address",
    Severity.LOW,
    0.6,
    "A dependency is taken from an address instead of an index",
    "What stands at an address can be exchanged at any time, and nobody reviews or keeps it.",
    "Depend on a released version on the public index, or pin a commit of a repository that people know.",
)
LIFECYCLE_SCRIPT = _rule(
    "lifecycle-script",
    Severity.LOW,
    0.5,
    "A package runs a script while it is installed",
    "Installing alone runs it, before anybody has looked at the package.",
    "Move the step to a script that is called by name.",
)
NO_VERIFICATION = _rule(
    "no-verification",
    Severity.MEDIUM,
    0.6,
    "Packages are fetched without being verified",
    "Without certificates or signatures, anybody on the way can answer with packages of their own.",
    "Remove the option; install the missing certificate instead.",
)
FETCHED_PROGRAM = _rule(
    "fetched-program",
    Severity.MEDIUM,
    0.6,
    "A program is fetched from an address that no known vendor serves",
    "A program from an unknown address, without version or checksum, is whatever its owner puts there that day.",
    "Take it from a package index or from its vendor, with a version and a checksum.",
)
MOVING_TARGET = _rule(
    "moving-target",
    Severity.INFO,
    0.6,
    "Whatever is newest is run",
    "What was examined today is not what runs tomorrow.",
    "Name a version.",
)

RULES = (
    NEAR_NAME, INDEX_OPTION, DIRECT_ADDRESS, LIFECYCLE_SCRIPT, NO_VERIFICATION, FETCHED_PROGRAM, MOVING_TARGET,
)  # fmt: skip
