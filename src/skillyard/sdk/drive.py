"""Drives, updates, requests and shares, for Python programs. `drive`: the namespace of a team; None: one's own."""

from __future__ import annotations

from typing import Any, Literal, cast

from skillyard.sdk.addresses import with_query
from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.errors import UsageError
from skillyard.sdk.paths import segment, skill_path, without_none

Document = dict[str, Any]


class DriveCalls(ApiCalls):
    """What one does with the skills that one has everywhere. A skill in a drive may be named by its slug alone."""

    def drive_items(self, *, drive: str | None = None) -> list[Document]:
        """What is in a drive, in the order of names."""
        return self.all_items("/drive/items", drive=drive)

    def reach(self, *, teams: bool = True, shared: bool = True) -> list[Document]:
        """All that comes to you, each `{"name", "via", "item"}`."""
        return cast("list[Document]", self.get_json("/drive/reach", teams=teams, shared=shared)["items"])

    def import_skill(
        self, source: str, *, drive: str | None = None, slug: str | None = None, note: str = ""
    ) -> Document:
        """Bring in a skill by its name, or by the https address of one in a git repository, to be called `slug`.

        `{"item", "request"}`, one of them None: where maintainers of the drive decide, it is a request.
        """
        body = {"source": source, "note": note, **without_none({"drive": drive, "slug": slug})}
        return cast(Document, self.send_json("POST", "/drive/items", body))

    def remove_from_drive(self, name: str, *, drive: str | None = None) -> Document:
        return self._change("DELETE", "items", name, "", drive)

    def toggle_in_drive(self, name: str, *, drive: str | None = None, enabled: bool | None = None) -> Document:
        """Switch it on or off; None: the other way round than now."""
        return self._change("POST", "items", name, "/toggle", drive, {"enabled": enabled})

    def pin_in_drive(self, name: str, *, drive: str | None = None, version: str | None = None) -> Document:
        """Hold it at a version, or at what a channel points to; None: at what the drive has."""
        return self._change("PUT", "items", name, "/pin", drive, {"version": version})

    def unpin_in_drive(self, name: str, *, drive: str | None = None) -> Document:
        return self._change("DELETE", "items", name, "/pin", drive)

    def drive_updates(self, *, drive: str | None = None, dismissed: bool = False) -> list[Document]:
        """What is offered; `prices` where it `needs_purchase`. With `dismissed` ones, too, if you say so."""
        return cast("list[Document]", self.get_json("/drive/updates", drive=drive, dismissed=dismissed)["items"])

    def accept_update(self, name: str, *, drive: str | None = None, version: str | None = None) -> Document:
        """Let the drive have what is offered; `version`: refuse if that is another one by now."""
        return self._change("POST", "updates", name, "/accept", drive, {"version": version})

    def dismiss_update(self, name: str, *, drive: str | None = None, version: str | None = None) -> Document:
        """Be offered it no more."""
        return self._change("POST", "updates", name, "/dismiss", drive, {"version": version})

    def refresh_update(self, name: str, *, drive: str | None = None) -> Document | None:
        """Look now whether there is something new where a skill was imported from; what is offered for it then."""
        return cast("Document | None", self._change("POST", "updates", name, "/refresh", drive)["update"])

    def item_requests(
        self, drive: str, *, status: Literal["pending", "accepted", "declined", "any"] = "pending"
    ) -> list[Document]:
        """What a team's drive is asked for, the newest first."""
        return self.all_items("/drive/requests", drive=drive, status=status)

    def ask_for_item(self, drive: str, source: str, *, slug: str | None = None, note: str = "") -> Document:
        """Ask a team for a skill, as its member."""
        body = {"drive": drive, "source": source, "note": note, **without_none({"slug": slug})}
        return cast(Document, self.send_json("POST", "/drive/requests", body))

    def accept_item_request(self, request_id: str) -> Document:
        """Add what was asked for; the item."""
        return cast(Document, self.send_json("POST", f"/drive/requests/{segment(request_id)}/accept"))

    def decline_item_request(self, request_id: str, *, reason: str = "") -> Document:
        path = f"/drive/requests/{segment(request_id)}/decline"
        return cast(Document, self.send_json("POST", path, {"reason": reason}))

    def share_skill(self, name: str, *, drive: str | None = None) -> Document:
        """`{"share", "secret", "url"}`: whoever has the secret can take the skill, for 24 hours."""
        body = {"name": self._full_name(name, drive), **without_none({"drive": drive})}
        return cast(Document, self.send_json("POST", "/drive/shares", body))

    def shares(self, *, drive: str | None = None) -> list[Document]:
        """What is shared of a drive, the newest first, with who took it."""
        return self.all_items("/drive/shares", drive=drive)

    def accept_share(self, secret: str) -> Document:
        """Take what is shared."""
        return cast(Document, self.send_json("POST", "/drive/shares/accept", {"secret": secret}))

    def taken_shares(self) -> list[Document]:
        """What was shared with you."""
        return cast("list[Document]", self.get_json("/drive/shares/taken")["items"])

    def leave_share(self, share_id: str) -> Document:
        return cast(Document, self.send_json("POST", f"/drive/shares/{segment(share_id)}/leave"))

    def revoke_share(self, share_id: str) -> Document:
        """End it, and take back what it gave."""
        return cast(Document, self.send_json("DELETE", f"/drive/shares/{segment(share_id)}"))

    def _change(
        self, method: str, part: str, name: str, verb: str, drive: str | None, body: Document | None = None
    ) -> Document:
        skill = skill_path(self._full_name(name, drive)).removeprefix("/skills")
        path = with_query(f"/drive/{part}{skill}{verb}", {"drive": drive})
        return cast(Document, self.send_json(method, path, without_none(body) if body is not None else None))

    def _full_name(self, name: str, drive: str | None) -> str:
        """A slug means the one skill of the drive that is called so."""
        if "/" in name:
            return name
        found = [item["name"] for item in self.drive_items(drive=drive) if item["name"].endswith(f"/{name}")]
        if len(found) == 1:
            return str(found[0])
        said = f"{len(found)} skills of the drive are" if found else "No skill of the drive is"
        hint = f"Write the whole name: {' or '.join(found)}." if found else "See `skillyard drive list`."
        raise UsageError(f"{said} called {name!a}.", code="which_skill", hint=hint)
