"""How much of the server's disk the runs of one person may take within a day.

The store removes nothing that is young: what is forgotten early stays, so that only what comes can be bounded.
"""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.runs.errors import NoRoomToday
from skillyard.domain.runs.store import contents

_DAY_MS = 24 * 3600 * 1000


def check_room(app: App, owner_id: str) -> None:
    """Raises NoRoomToday when what they handed over, and what their runs left, is too much by now."""
    most_mb = app.settings.run_day_mb
    with app.database.reading() as tx:
        taken = contents.count_bytes(tx, owner_id, since_ms=app.clock.now_ms() - _DAY_MS)
    if taken >= most_mb * 1024 * 1024:
        raise NoRoomToday(most_mb=most_mb, retry_after_s=3600)
