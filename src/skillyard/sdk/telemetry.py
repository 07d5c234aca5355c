"""Tell the user's own registry which public skills were installed, for its counters; unless the user wants it not.

Nothing waits for it longer than a second, and nothing fails by it. What is sent: a random id of this machine, the
version of this program, the system, the names of skills that everybody may have, and how many were installed.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from skillyard import __version__
from skillyard.sdk.addresses import origin_of
from skillyard.sdk.calls import API, ApiCalls
from skillyard.sdk.config import choose_registry, config_dir
from skillyard.sdk.disk import read_if_there, write_atomically
from skillyard.sdk.errors import SdkError
from skillyard.skill.lockfile import LockedSkill

MOST_S = 1.0
_MOST_SKILLS = 200
_OFF_WORDS = ("", "0", "false")
Why = Literal["on", "off", "do_not_track"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`why`: what decides. `install_id`: None until something was reported, and after it was switched off."""

    why: Why
    install_id: str | None

    @property
    def enabled(self) -> bool:
        return self.why == "on"


def read_state() -> State:
    """What the user wants, in the environment (`DO_NOT_TRACK`, see https://consoledonottrack.com) or with `switch`."""
    kept = _read()
    if os.environ.get("DO_NOT_TRACK", "").strip().lower() not in _OFF_WORDS:
        return State(why="do_not_track", install_id=None)
    return State(why="on" if kept.get("enabled", True) is True else "off", install_id=kept.get("install_id"))


def switch(*, on: bool) -> State:
    """Switching off forgets the id of this machine; another one is made when it is on again."""
    _write({"enabled": on, "install_id": _read().get("install_id") if on else None})
    return read_state()


def describe(skills: Sequence[LockedSkill], *, registry: str | None = None) -> dict[str, Any]:
    """What a report on these skills says, but for the id: names of those that everybody may have, from the registry
    that the user has chosen. Raises InputNeeded when none is.
    """
    own = choose_registry(registry).origin
    names = [skill.name for skill in skills if origin_of(skill.registry) == own and _is_for_everybody(skill)]
    return {
        "event": "install",
        "cli_version": __version__,
        "os": f"{sys.platform}/{platform.machine()}",
        "skills": sorted(names)[:_MOST_SKILLS],
        "counts": {"installed": len(skills)},
    }


def report_install(skills: Sequence[LockedSkill], *, registry: str | None = None) -> bool:
    """Tell the registry that the user has chosen, and not one that only a project names. `registry`: as on the command
    line. Whether it was told.
    """
    return _briefly(lambda: _tell(skills, registry))


def adopt(registry: str | None = None) -> bool:
    """Give this machine's reports to the account that has just signed in, if there are any."""
    return _briefly(lambda: _adopt(registry))


def _tell(skills: Sequence[LockedSkill], registry: str | None) -> bool:
    if not read_state().enabled:
        return False
    report = describe(skills, registry=registry)
    if not report["skills"]:
        return False
    with ApiCalls(registry, timeout_s=MOST_S, attempts=1) as calls:
        calls.forget_token()
        calls.send_json("POST", "/telemetry", {**report, "install_id": _own_id()})
    return True


def _adopt(registry: str | None) -> bool:
    install_id = read_state().install_id
    if install_id is None:
        return False
    with ApiCalls(registry, timeout_s=MOST_S, attempts=1) as calls:
        calls.send_json("POST", "/telemetry/adopt", {"install_id": install_id})
    return True


def _briefly(tell: Callable[[], bool]) -> bool:
    """Whether it was done in time; whatever went wrong is nobody's trouble."""
    done = False

    def run() -> None:
        nonlocal done
        with suppress(SdkError, OSError):
            done = tell()

    thread = threading.Thread(target=run, name="telemetry", daemon=True)
    thread.start()
    thread.join(MOST_S)
    return done


def _is_for_everybody(skill: LockedSkill) -> bool:
    """Only such archives are addressed by nothing but their content; that of any other stands below its name."""
    return f"{API}/blobs/" in skill.resolved


def _own_id() -> str:
    kept = _read()
    install_id = kept.get("install_id")
    if install_id is None:
        install_id = str(uuid.uuid4())
        _write({"enabled": True, "install_id": install_id})
    return install_id


def _read() -> dict[str, Any]:
    """A file that cannot be read says no: whoever has written it wanted something."""
    content = read_if_there(config_dir() / "telemetry.json")
    if content is None:
        return {}
    try:
        kept = json.loads(content)
        install_id = kept["install_id"]
        return {
            "enabled": kept["enabled"] is True,
            "install_id": None if install_id is None else str(uuid.UUID(install_id)),
        }
    except (ValueError, TypeError, AttributeError, KeyError):
        return {"enabled": False}


def _write(kept: dict[str, Any]) -> None:
    folder = config_dir()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(folder / "telemetry.json", json.dumps(kept) + "\n", mode=0o600)
