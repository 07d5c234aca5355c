"""Consent to what skills call in one's name, for Python programs: for exactly one content of a skill at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.paths import release_path, segment, skill_path, without_none

Document = dict[str, Any]


class GrantCalls(ApiCalls):
    """What one does with consent."""

    def needs(self, name: str, version: str | None = None) -> Document:
        """What a release declares that it calls, what of it you granted, and what changed since."""
        return cast(Document, self.get_json(f"{skill_path(name)}/needs", version=version))

    def grants(self, name: str | None = None) -> list[Document]:
        """Yours that are not revoked, the newest first; of one skill, or of all."""
        return self.all_items("/grants", skill=name)

    def give_grant(
        self,
        name: str,
        action: str,
        *,
        version: str | None = None,
        limits: Mapping[str, Sequence[str]] | None = None,
        connection: str | None = None,
        expires_in_s: int | None = None,
        digest: str | None = None,
    ) -> Document:
        """Let a release call `github.create_issue`, or `github.*` for all that reads or writes.

        `limits`: patterns by parameter. `digest`: of the content that you looked at; None: whatever it is.
        """
        stated = {
            "skill": name,
            "action": action,
            "version": version,
            "limits": {path: list(patterns) for path, patterns in (limits or {}).items()},
            "connection": connection,
            "expires_in_s": expires_in_s,
            "digest": digest,
        }
        return cast(Document, self.send_json("POST", "/grants", without_none(stated)))

    def approve_grants(self, name: str, version: str, digest: str) -> list[Document]:
        """Give a new content what you granted to others of the skill; `digest` as `needs` tells it."""
        body = {"skill": name, "version": version, "digest": digest}
        return cast("list[Document]", self.send_json("POST", "/grants/approvals", body)["items"])

    def ask_gateway(self, name: str, version: str, digest: str, *, method: str, path: str, body: Document) -> Document:
        """What a program of the release gets for what it asks of the gateway, run by you: `status` and `body`."""
        asked = {"digest": digest, "method": method, "path": path, "body": body}
        return cast(Document, self.send_json("POST", f"{release_path(name, version)}/gateway", asked))

    def revoke_grant(self, grant_id: str) -> Document:
        """From now on nothing calls under it."""
        return cast(Document, self.send_json("DELETE", f"/grants/{segment(grant_id)}", None))
