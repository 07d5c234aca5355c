"""Bring the skill folders of this machine and a drive in line: look, ask, fetch, merge, upload, place, close.

One at a time on a machine. Until everything is fetched, merged and sent nothing changes here; then all changes at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skillyard.sdk.errors import ApiError, UsageError
from skillyard.sdk.project import Project
from skillyard.sdk.run import Connect, Options, start_run
from skillyard.sdk.sync.answers import Answer, read_answer
from skillyard.sdk.sync.carry_out import SyncOptions, Work
from skillyard.sdk.sync.conflicts import Choice, resolve
from skillyard.sdk.sync.land import land
from skillyard.sdk.sync.machine import Machine, look_at
from skillyard.sdk.sync.memory import OpenRun, forget_open_run, install_id, read_open_run, write_open_run
from skillyard.sdk.sync.report import Synced, SyncReport
from skillyard.skill.files import SkillFiles

if TYPE_CHECKING:
    from skillyard.sdk.client import Client


def sync(project: Project, connect: Connect, *, options: SyncOptions) -> SyncReport:
    """Bring everything in line that can be; what cannot is in the report, with the reason.

    Raises Busy while another sync is under way or when a folder was edited meanwhile, NetworkError without network,
    ApiError, IntegrityError; nothing has changed here then.
    """
    with start_run(project, Options(wait_s=options.wait_s, on_step=options.on_step), connect) as run:
        client = run.client()
        machine, extra = _resolved(look_at(project, options.agents), options.choices)
        is_first = machine.memory.registry != client.base_url
        machine = replace(machine, memory=machine.memory.of(client.base_url, client.username))
        asked = _question(machine, options)
        if options.dry_run:
            return _planned(read_answer(client.preview_sync(asked)), machine)
        _close_left_over(project, client)
        opening = {"install_id": install_id(project), "kind": "first_run" if is_first else "manual"}
        answer = read_answer(client.begin_sync({**asked, **opening}))
        write_open_run(project, OpenRun(id=answer.run_id, registry=client.base_url))
        run.tell("resolve")
        work = Work(run, machine, answer, options)
        for files in extra:
            work.trees.add(files)
        return land(work, work.settle())


def _question(machine: Machine, options: SyncOptions) -> dict[str, Any]:
    """What the registry must hear: every skill here that can be read, and what the last sync left."""
    local = [
        one.show() for one in machine.skills.values() if not one.problem and not machine.is_of_other(one, options.drive)
    ]
    return {
        "local": local,
        "known": sorted(machine.known(options.drive)),
        "mode": options.mode,
        "drive": options.drive,
        "forks": True,
    }


def _resolved(machine: Machine, choices: Mapping[str, Choice]) -> tuple[Machine, list[SkillFiles]]:
    """The machine as if the person's choices had been in the folders; and the drive's sides, which are bases now."""
    skills, bases = dict(machine.skills), []
    for named, choice in choices.items():
        slug = named.rpartition("/")[2]
        local = skills.get(slug)
        if local is None:
            raise UsageError(f"There is no {named} here.", code="not_installed", hint="Name a folder of your skills.")
        skills[slug], theirs = resolve(machine.project, local, choice)
        bases.append(theirs)
    return replace(machine, skills=skills), bases


def _planned(answer: Answer, machine: Machine) -> SyncReport:
    return SyncReport(
        skills=tuple(
            Synced(
                slug=item.slug,
                action=item.action,
                outcome="nothing" if item.action in ("in_sync", "keep") else "planned",
                reason=item.reason,
                name=item.name,
                version=item.target.version if item.target else None,
                previous=local.base_version if (local := machine.skills.get(item.slug)) else None,
                publish_as=item.publish_as,
                credits=item.credits,
            )
            for item in answer.items
        ),
        left_out=answer.left_out,
        notes=tuple(one.problem for one in machine.skills.values() if one.problem),
        summary=answer.summary,
    )


def _close_left_over(project: Project, client: Client) -> None:
    """A sync that was killed left its run open; what it sent is in the drive, what it did not do is done now."""
    left = read_open_run(project, client.base_url)
    if left is None:
        return
    with suppress(ApiError):  # superseded, or gone with its registry: there is nothing to close then
        client.finalize_sync(left.id, left.show_results())
    forget_open_run(project)
