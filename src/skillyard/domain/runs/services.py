"""What other domains offer to the programs of runs: services under hosts that are in their sandboxes only.

A domain that offers one registers how it is made; runs know none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from skillyard.app import App
from skillyard.domain.runs.model import Run
from skillyard.domain.runs.store import runs as store
from skillyard.infra.database import Tx
from skillyard.sandbox.model import Task
from skillyard.sandbox.service import Service

Calls = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service for one run. `environment`: how its program finds it; `calls`: what it did so far, in JSON values, for
    the receipt.
    """

    service: Service
    environment: Mapping[str, str]
    calls: Callable[[], Calls]


Make = Callable[[App, Run], AbstractContextManager[Offer | None]]
"""Makes it for a run that begins, None for one that has no use for it; left when the program has ended."""

_makers: dict[str, Make] = {}


def run_service(host: str) -> Callable[[Make], Make]:
    """Offer a service under this host to all runs that it is made for."""

    def register(make: Make) -> Make:
        _makers[host] = make
        return make

    return register


@contextmanager
def with_services(app: App, run: Run, task: Task) -> Iterator[tuple[Task, Callable[[], list[Mapping[str, Any]]]]]:
    """The task of a run that has begun, with all that is offered to it; and what was called, when it is asked."""
    with ExitStack() as opened:
        found = {host: opened.enter_context(make(app, run)) for host, make in sorted(_makers.items())}
        offers = {host: offer for host, offer in found.items() if offer is not None}
        environment = dict(task.environment)
        for offer in offers.values():
            environment |= offer.environment
        services = {host: offer.service for host, offer in offers.items()}

        def calls() -> list[Mapping[str, Any]]:
            return [call for offer in offers.values() for call in offer.calls()]

        yield replace(task, environment=environment, services=services), calls


def find_running(tx: Tx, run_id: str) -> Run | None:
    """A run whose program runs now, whoever's it is."""
    run = store.find(tx, run_id)
    return run if run is not None and run.begun_ms is not None and not run.status.is_over else None


def find_any(tx: Tx, run_id: str) -> Run | None:
    """A run, whoever's it is."""
    return store.find(tx, run_id)
