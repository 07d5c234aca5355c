"""Hand skills in with a ticket, and take many out as one zip, for Python programs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.errors import ApiError
from skillyard.sdk.paths import without_none
from skillyard.sdk.transport import Request

Document = dict[str, Any]
_CHUNK_BYTES = 256 * 1024


class HandingCalls(ApiCalls):
    """Upload tickets, bundles, and which skills are used most."""

    def mint_ticket(
        self, *, drive: str | None = None, collection: str | None = None, filename: str | None = None
    ) -> Document:
        """A bearer token for one upload within ten minutes: `{"ticket", "upload_url", "expires_at", "script"}`."""
        body = without_none({"drive": drive, "collection": collection, "filename": filename})
        return cast(Document, self.send_json("POST", "/drive/tickets", body))

    def create_bundle(self, *, collection: str | None = None, name: str | None = None) -> Document:
        """A link to all that comes to you, to a collection or to one skill as a zip: `{"url", "filename",
        "expires_at"}`. Whoever has it may download for 24 hours.
        """
        scope = "collection" if collection is not None else "skill" if name is not None else "drive"
        body = {"scope": scope, **without_none({"collection": collection, "name": name})}
        return cast(Document, self.send_json("POST", "/drive/bundles", body))

    def download_bundle(self, bundle: Document, target: Path) -> Path:
        """Its zip, as the file `target`, which is there as a whole or not at all."""
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with self.transport.open(Request(method="GET", url=bundle["url"])) as answer, partial.open("wb") as file:
                if answer.status >= 400:
                    raise ApiError.read(answer.status, _document_of(answer.data), request_id=None)
                for chunk in answer.stream(_CHUNK_BYTES):
                    file.write(chunk)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target

    def skill_leaderboard(
        self, by: Literal["executions", "installs", "rating"] = "executions", *, limit: int = 20
    ) -> list[Document]:
        """The public skills that are used most, or liked best."""
        return cast("list[Document]", self.get_json("/leaderboard/skills", by=by, limit=limit)["items"])


def _document_of(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
