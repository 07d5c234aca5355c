"""What stands between a decided lock and the disk: recalls, the scan's verdict, the project's budget. All at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from skillyard.sdk.errors import InputNeeded, SdkError
from skillyard.sdk.policy import Policy
from skillyard.sdk.project import MANIFEST
from skillyard.skill.lockfile import LockedSkill, Lockfile
from skillyard.skill.permissions import added

if TYPE_CHECKING:
    from skillyard.sdk.resolving import Standing

Tell = Callable[[str], None]


class Refused(SdkError):
    """Nothing was written: releases are recalled, quarantined, or beyond the project's budget."""


def check_lock(
    policy: Policy,
    lock: Lockfile,
    old_lock: Lockfile | None,
    standings: Mapping[str, Standing],
    recalls: Mapping[str, str],
    *,
    tell: Tell,
) -> Lockfile:
    """The lock with what was agreed to. `standings`: of the releases that the registry was just asked about;
    `recalls`: why a skill of the lock is recalled, by name.

    Raises Refused with every reason, InputNeeded for what is flagged and was not agreed to.
    """
    problems = [
        *_recalled(policy, lock, recalls, tell),
        *_quarantined(lock, standings),
        *_beyond_budget(policy, lock),
    ]
    if problems:
        raise Refused(
            "Nothing was changed:" + "".join(f"\n  {problem}" for problem in problems),
            code="refused_by_policy",
            hint=_hint(problems),
            facts={"problems": problems},
        )
    accepted = _with_accepted(lock, old_lock, standings)
    _check_flagged(policy, accepted, standings)
    for line in newly_allowed(old_lock, lock):
        tell(line)
    return _agreed(accepted, standings)


def newly_allowed(old_lock: Lockfile | None, lock: Lockfile) -> list[str]:
    """In plain words, what an update lets a skill newly do."""
    lines = []
    for name, skill in sorted(lock.skills.items()):
        before = old_lock.skills.get(name) if old_lock else None
        if before is not None and before.version != skill.version:
            grants = added(before.permissions, skill.permissions)
            if grants:
                may = ", ".join(grant.text for grant in grants)
                lines.append(f"{name} {before.version} -> {skill.version} may newly {may}")
    return lines


def over_budget(policy: Policy, skill: LockedSkill) -> list[str]:
    """In plain words, what the skill may do and the project does not allow."""
    if policy.budget is None:
        return []
    return [
        f"{skill.name} {skill.version} may {grant.text}, which {MANIFEST} does not allow"
        for grant in added(policy.budget, skill.permissions)
    ]


def _recalled(policy: Policy, lock: Lockfile, recalls: Mapping[str, str], tell: Tell) -> list[str]:
    lines = [f"{name} {lock.skills[name].version} is recalled: {why}" for name, why in sorted(recalls.items())]
    if policy.allow_recalled:
        for line in lines:
            tell(line)
        return []
    return lines


def _quarantined(lock: Lockfile, standings: Mapping[str, Standing]) -> list[str]:
    return [
        f"{name} {lock.skills[name].version} is quarantined: {'; '.join(standing.reasons) or 'the scan failed it'}"
        for name, standing in sorted(standings.items())
        if standing.status == "quarantined" and name in lock.skills
    ]


def _beyond_budget(policy: Policy, lock: Lockfile) -> list[str]:
    return [line for _, skill in sorted(lock.skills.items()) for line in over_budget(policy, skill)]


def _with_accepted(lock: Lockfile, old_lock: Lockfile | None, standings: Mapping[str, Standing]) -> Lockfile:
    """What was agreed to before holds for the same files."""
    skills = dict(lock.skills)
    for name, before in old_lock.skills.items() if old_lock else ():
        if name in skills and skills[name].digest == before.digest and _is_flagged(standings.get(name)):
            skills[name] = replace(skills[name], accepted=before.accepted)
    return replace(lock, skills=skills)


def _check_flagged(policy: Policy, lock: Lockfile, standings: Mapping[str, Standing]) -> None:
    open_reasons = {
        name: [reason for reason in standing.reasons if reason not in lock.skills[name].accepted]
        for name, standing in sorted(standings.items())
        if _is_flagged(standing) and name in lock.skills
    }
    waiting = {name: reasons for name, reasons in open_reasons.items() if reasons}
    if not waiting or policy.accept_flagged:
        return
    lines = [f"{name} {lock.skills[name].version}: {reason}" for name, reasons in waiting.items() for reason in reasons]
    raise InputNeeded(
        "Nothing was changed. The scan flagged:" + "".join(f"\n  {line}" for line in lines),
        code="flagged",
        hint="Look at what it found; if you want it all the same, run again with --accept-flagged.",
        facts={"flagged": waiting},
    )


def _agreed(lock: Lockfile, standings: Mapping[str, Standing]) -> Lockfile:
    skills = {
        name: replace(skill, accepted=standings[name].reasons) if _is_flagged(standings.get(name)) else skill
        for name, skill in lock.skills.items()
    }
    return replace(lock, skills=skills)


def _is_flagged(standing: Standing | None) -> bool:
    return standing is not None and standing.status == "flagged"


def _hint(problems: list[str]) -> str:
    if any(" is recalled: " in problem for problem in problems):
        return "Update to the safe version, or remove the skill; --allow-recalled goes on at your own risk."
    if any(" is quarantined: " in problem for problem in problems):
        return "Choose another version; its publisher can correct it or appeal."
    return f"Widen `permissions` in {MANIFEST} if the project should allow it, or choose another skill."
