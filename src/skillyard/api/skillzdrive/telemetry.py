"""What command lines report, always accepted and never required; and whose install it was."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import Anyone, SignedIn, signed_router
from skillyard.api.skillzdrive.wire import telemetry as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AddressOf, AppOf
from skillyard.domain.drive import telemetry
from skillyard.domain.drive.slugs import find_names
from skillyard.domain.drive.telemetry_model import Report

router, open_router = signed_router("telemetry"), APIRouter(tags=["telemetry"])


@open_router.post(f"{API}/telemetry/anonymous", summary="Report what a command did")
def record_event(
    app: AppOf,
    caller: Anyone,  # noqa: ARG001 (counts)
    address: AddressOf,
    body: wire.EventBody,
) -> Data[wire.Recorded]:
    """Without a key, and without a name. Nothing depends on it."""
    report = Report(
        install_id=body.install_id,
        kind=body.event_type,
        cli_version=body.cli_version,
        os=body.os,
        skills=tuple(find_names(app, body.skill_slugs).values()),
        sources=tuple(body.source_types),
        counts=body.counts(),
    )
    telemetry.record(app, report, address=address)
    return Data(data=wire.Recorded(recorded=True))


@router.post(f"{API}/migrations/anonymous-adopt", summary="Adopt an install")
def adopt_install(app: AppOf, caller: SignedIn, body: wire.AdoptBody) -> Data[wire.AdoptedOnWire]:
    """What it reported is the caller's from then on. Again: the same answer; 409 when it is somebody else's."""
    adopted = telemetry.adopt(app, caller, install_id=body.install_id)
    return Data(data=wire.AdoptedOnWire(install_id=adopted.install_id, adopted=True, events=adopted.events))
