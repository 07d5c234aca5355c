"""Reports of the command line, for counting. Nothing depends on them."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import telemetry as wire
from skillyard.api.surface import AddressOf, AppOf, CallerOf
from skillyard.domain.drive import telemetry

router = APIRouter(tags=["telemetry"])


@router.post("/telemetry", status_code=202, summary="Report what a command did")
def report_use(app: AppOf, address: AddressOf, body: wire.ReportBody) -> wire.RecordedOnWire:
    """Without a token, and never required. Neither your address nor names of skills that are not public are kept."""
    telemetry.record(app, body.report(), address=address)
    return wire.RecordedOnWire(recorded=True)


@router.post("/telemetry/adopt", summary="Make an install yours")
def adopt_install(app: AppOf, caller: CallerOf, body: wire.AdoptBody) -> wire.AdoptedOnWire:
    """With all that it has reported; again changes nothing. Refused with 409 when it is somebody else's."""
    return wire.show_adopted(telemetry.adopt(app, caller, install_id=body.install_id))
