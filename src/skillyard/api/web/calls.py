"""What one's agents called: each call of an integration, how many there were, and how many more there may be."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.pages import page
from skillyard.api.web.session import VisitorOf
from skillyard.domain.gateway.calls.audit import list_calls
from skillyard.domain.gateway.calls.call_model import DayOfCalls
from skillyard.domain.gateway.calls.usage import read_usage

router = APIRouter()

_DAYS = 30

Word = Annotated[str, Query(max_length=200)]


@router.get("/calls")
def show_calls(
    request: Request, app: AppOf, visitor: VisitorOf, of: Word = "", run: Word = "", cursor: str | None = None
) -> Response:
    """`of`: an integration, `run`: a run; only their calls."""
    caller = visitor.caller
    calls = list_calls(app, caller, integration=of or None, run_id=run or None, cursor=cursor)
    usage = read_usage(app, caller, days=_DAYS)
    filters = {name: value for name, value in (("of", of), ("run", run)) if value}
    more = f"/calls?{urlencode({**filters, 'cursor': calls.next_cursor})}#calls" if calls.next_cursor else None
    return page(
        request, visitor, "calls.html", calls=calls.items, usage=usage, days=_DAYS, of=of, run=run, more=more,
        sums=_by_integration(usage.days),
    )  # fmt: skip


def _by_integration(days: tuple[DayOfCalls, ...]) -> list[tuple[str, int, int, int]]:
    """Of each its calls, those that failed, and how long one took on average, in milliseconds; the busiest first."""
    sums: dict[str, tuple[int, int, int]] = {}
    for day in days:
        calls, failures, took_ms = sums.get(day.integration, (0, 0, 0))
        sums[day.integration] = (calls + day.calls, failures + day.failures, took_ms + day.duration_ms)
    rows = [(name, calls, failed, took_ms // max(1, calls)) for name, (calls, failed, took_ms) in sums.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))
