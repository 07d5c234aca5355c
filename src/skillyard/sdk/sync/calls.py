"""The registry's part in a sync, as methods of the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.paths import segment


class SyncCalls(ApiCalls):
    """Two round trips: `begin_sync` says what is to be done, `finalize_sync` what was. Between them go the bytes."""

    def preview_sync(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """What a sync would do with each skill, and what it would cost. Changes nothing."""
        return cast("dict[str, Any]", self.send_json("POST", "/drive/sync/preview", dict(question)))

    def begin_sync(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Open a run. What is claimed in it is in the drive with the answer."""
        return cast("dict[str, Any]", self.send_json("POST", "/drive/sync", dict(question)))

    def upload_in_sync(self, run_id: str, slug: str, archive: bytes, *, sha256: str) -> dict[str, Any]:
        """Send the folder of an item that has `publish_as`."""
        path = f"/drive/sync/{segment(run_id)}/uploads/{segment(slug)}"
        headers = {"X-Skillyard-Sha256": sha256}
        answer = self.send_form(path, params={}, fields={}, files={"archive": archive}, headers=headers)
        return cast("dict[str, Any]", answer)

    def finalize_sync(self, run_id: str, results: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Close a run; a second time answers the same."""
        body = {"results": [dict(one) for one in results]}
        return cast("dict[str, Any]", self.send_json("POST", f"/drive/sync/{segment(run_id)}/finalize", body))
