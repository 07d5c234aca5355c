"""The registry works off an invocation itself: its steps one after the other, then it is settled, once.

Nothing is paid before the last step has given what fits the output schema. Whatever fails, the buyer has the price
back, and is told no more than is theirs to know.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from skillyard.app import App
from skillyard.domain.market.claim import claim_for_server
from skillyard.domain.market.model import Failure, Invocation, Usage
from skillyard.domain.market.settle import complete_by_server, fail_by_server
from skillyard.domain.market.steps.keys import Keys
from skillyard.domain.market.steps.llm import run_llm_step
from skillyard.domain.market.steps.model import Done, Given, StepFailed
from skillyard.domain.market.steps.script import run_script_step
from skillyard.domain.market.store import offers
from skillyard.domain.market.store import step_answers as answers
from skillyard.domain.registry.errors import ReleaseNotFound, ReleaseQuarantined
from skillyard.domain.registry.model import Release
from skillyard.domain.registry.runnable import find_for_server
from skillyard.domain.runs.errors import StepUnderWay
from skillyard.infra.database import DatabaseUnavailable
from skillyard.infra.errors import SkillyardError
from skillyard.infra.log import Logger
from skillyard.skill.executable import Executable, LlmStep, ScriptStep, Step
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import read_permissions

_KEEP_ANSWERS_MS = 24 * 3600 * 1000  # of invocations that nobody went on with
_log = Logger("skillyard.market")


@dataclass(slots=True)
class _Progress:
    """What the steps have given and taken so far."""

    outputs: dict[str, Any] = field(default_factory=dict)
    last: Any = None
    tokens_in: int = 0
    tokens_out: int = 0
    receipts: list[str] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, step: Step, done: Done, took_s: float) -> None:
        self.outputs[step.label] = self.last = done.output
        self.tokens_in += done.tokens_in
        self.tokens_out += done.tokens_out
        self.receipts += [done.receipt] if done.receipt else []
        self.steps.append(
            {
                "label": step.label,
                "type": "script" if isinstance(step, ScriptStep) else "llm",
                "duration_ms": int(took_s * 1000),
                "llm_tokens_input": done.tokens_in,
                "llm_tokens_output": done.tokens_out,
            }
        )

    @property
    def usage(self) -> Usage:
        return Usage(
            llm_tokens_input=self.tokens_in,
            llm_tokens_output=self.tokens_out,
            duration_ms=int((time.monotonic() - self.began) * 1000),
            steps=tuple(self.steps),
        )


def execute(app: App, invocation_id: str) -> None:
    """Work off an invocation, unless another does or it has ended. Raises what makes the job be tried again:
    StepUnderWay, DatabaseUnavailable.
    """
    begun = claim_for_server(app, invocation_id)
    if begun is None:
        return _forget_answers(app, invocation_id)
    progress = _Progress()
    failure = _do(app, begun, progress)
    claims, usage, receipts = begun.claims, progress.usage, progress.receipts
    if failure:
        fail_by_server(app, begun.id, claims=claims, failure=failure, usage=usage, receipts=receipts)
    else:
        complete_by_server(app, begun.id, claims=claims, output=progress.last, usage=usage, receipts=receipts)
    return _forget_answers(app, begun.id)


def _do(app: App, begun: Invocation, progress: _Progress) -> Failure | None:
    """Why it failed, in words for the buyer; None when all steps are done."""
    try:
        _do_steps(app, begun, progress)
    except (StepUnderWay, DatabaseUnavailable):
        raise
    except StepFailed as failed:
        progress.receipts += [failed.receipt] if failed.receipt else []
        return Failure(code=failed.code, message=failed.message)
    except (ReleaseNotFound, ReleaseQuarantined):
        return Failure(code="withdrawn", message="This version was withdrawn.")
    except SkillyardError as error:
        return Failure(code=error.code, message=f"{error.message} {error.advice}"[:1000])
    except Exception:
        _log.exception("an invocation failed on our side", invocation=begun.id)
        return Failure(code="internal", message="Something went wrong on our side; the log of the workers has it.")
    return None


def _do_steps(app: App, begun: Invocation, progress: _Progress) -> None:
    release, executable = _load(app, begun)
    permissions, _ = read_permissions(release.permissions)
    keys = Keys(app=app, invocation=begun, terms=executable.credentials, publisher=release.published_by)
    until = progress.began + min(executable.timeout_s, (begun.expires_ms - app.clock.now_ms()) / 1000)
    for position, step in enumerate(executable.steps):
        given = Given(
            app=app,
            invocation=begun,
            executable=executable,
            permissions=permissions,
            keys=keys,
            position=position,
            outputs=progress.outputs,
            tokens_left=app.settings.llm_max_tokens - progress.tokens_in - progress.tokens_out,
            until=until,
        )
        given.left_s()
        began = time.monotonic()
        done = run_script_step(given, step) if isinstance(step, ScriptStep) else _ask_once(app, given, step)
        progress.add(step, done, time.monotonic() - began)


def _ask_once(app: App, given: Given, step: LlmStep) -> Done:
    """What the model answered when it was asked before, by a worker that died since; its answer has been paid."""
    invocation_id, position = given.invocation.id, given.position
    with app.database.reading() as tx:
        known = answers.find(tx, invocation_id, position)
    if known:
        return known
    done = run_llm_step(given, step)
    with app.database.transaction() as tx:
        answers.add(tx, invocation_id, position, done, now_ms=app.clock.now_ms())
    return done


def _forget_answers(app: App, invocation_id: str) -> None:
    with app.database.transaction(durable=False) as tx:
        answers.forget(tx, invocation_id, before_ms=app.clock.now_ms() - _KEEP_ANSWERS_MS)


def _load(app: App, begun: Invocation) -> tuple[Release, Executable]:
    """The version that was asked for, with its steps. Raises ReleaseQuarantined, ReleaseNotFound."""
    release = find_for_server(app, name=SkillName.parse(begun.name), version=begun.version)
    with app.database.reading() as tx:
        executable = offers.find_executable(tx, begun.offer_id, begun.version)
    assert executable is not None, "a foreign key keeps it"
    return release, executable
