"""Runs for clients that wait for the end of each: always in a session, which ends with the run unless it is kept."""

from __future__ import annotations

from collections.abc import Sequence

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.runs.errors import SessionBusy
from skillyard.domain.runs.model import Run
from skillyard.domain.runs.sessions import close_session, find_reusable, open_session
from skillyard.domain.runs.start import start_run
from skillyard.skill.names import SkillName


def begin(
    app: App,
    caller: Caller,
    *,
    name: SkillName,
    version: str | None,
    script: str,
    arguments: Sequence[str] = (),
    stdin: bytes = b"",
    session_id: str | None = None,
    is_reused: bool = False,
) -> Run:
    """Queue a run in the session, or in one of its own; `is_reused`: in the one that this token used so before, while
    it is idle, else in a new one that may be used so again.

    Raises what `start_run` raises; then no session is left that this has opened.
    """

    def start(session: str) -> Run:
        return start_run(
            app, caller, name=name, version=version, script=script, arguments=arguments, stdin=stdin, session_id=session
        )

    if session_id is not None:
        return start(session_id)
    if is_reused and (found := find_reusable(app, caller)):
        try:
            return start(found)
        except SessionBusy:  # somebody was faster
            pass
    opened = open_session(app, caller, is_reused=is_reused)
    try:
        return start(opened.id)
    except BaseException:
        close_session(app, caller, session_id=opened.id)
        raise


def end(app: App, caller: Caller, run: Run, *, session_id: str | None, is_reused: bool) -> None:
    """After the run, with the same `session_id` and `is_reused` as at its beginning: close what was only for it."""
    if session_id is None and not is_reused and run.session_id is not None:
        close_session(app, caller, session_id=run.session_id)
