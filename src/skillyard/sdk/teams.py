"""Invitations to teams, which are the namespaces of organisations, for Python programs."""

from __future__ import annotations

from typing import Any, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.paths import segment, without_none

Document = dict[str, Any]


class TeamCalls(ApiCalls):
    """Who is invited, and what one does with one's own invitations."""

    def invite(
        self, namespace: str, username: str, *, role: str = "reader", expires_in_days: int | None = None
    ) -> Document:
        """Let somebody become a member, once they accept; `role`: reader, maintainer or owner."""
        body = {"username": username, "role": role, **without_none({"expires_in_days": expires_in_days})}
        return cast(Document, self.send_json("POST", f"/namespaces/{segment(namespace)}/invitations", body))

    def invitations(self, namespace: str | None = None) -> list[Document]:
        """Who has not answered that is invited to a namespace of yours; without one, what you may accept."""
        path = f"/namespaces/{segment(namespace)}/invitations" if namespace else "/me/invitations"
        return self.all_items(path)

    def revoke_invitation(self, namespace: str, username: str) -> Document:
        path = f"/namespaces/{segment(namespace)}/invitations/{segment(username)}"
        return cast(Document, self.send_json("DELETE", path)["details"])

    def accept_invitation(self, namespace: str) -> Document:
        """Become a member; answers what you are."""
        return cast(Document, self.send_json("POST", f"/me/invitations/{segment(namespace)}/accept"))

    def decline_invitation(self, namespace: str) -> Document:
        return cast(Document, self.send_json("POST", f"/me/invitations/{segment(namespace)}/decline")["details"])
