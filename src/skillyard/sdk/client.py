"""The registry for Python programs: the common verbs, typed, on top of every operation that its API has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, cast
from urllib.parse import quote

from skillyard.sdk.acting import ActingCalls
from skillyard.sdk.board import BoardCalls
from skillyard.sdk.collections import CollectionCalls
from skillyard.sdk.commerce import CommerceCalls
from skillyard.sdk.connections import ConnectionCalls
from skillyard.sdk.credentials import CredentialCalls
from skillyard.sdk.documents import (
    NewToken,
    Release,
    ReleaseFile,
    Resolved,
    SearchPage,
    Skill,
    Token,
)
from skillyard.sdk.drive import DriveCalls
from skillyard.sdk.errors import UsageError
from skillyard.sdk.gateway import GatewayCalls
from skillyard.sdk.grants import GrantCalls
from skillyard.sdk.handing import HandingCalls
from skillyard.sdk.hooks import HookCalls
from skillyard.sdk.integrations import IntegrationCalls
from skillyard.sdk.paths import (
    channel_path,
    deprecation_path,
    member_path,
    release_path,
    segment,
    skill_path,
    without_none,
)
from skillyard.sdk.runs import RunCalls
from skillyard.sdk.sources import SourceCalls
from skillyard.sdk.sync.calls import SyncCalls
from skillyard.sdk.teams import TeamCalls
from skillyard.skill.digest import Digests, read_digests

Visibility = Literal["public", "unlisted", "private"]


class Client(
    ActingCalls,
    BoardCalls,
    CollectionCalls,
    CommerceCalls,
    ConnectionCalls,
    CredentialCalls,
    DriveCalls,
    GatewayCalls,
    GrantCalls,
    HandingCalls,
    HookCalls,
    IntegrationCalls,
    RunCalls,
    SourceCalls,
    SyncCalls,
    TeamCalls,
):
    """One registry. Every verb raises SdkError: ApiError for a refusal, NetworkError when nobody answers."""

    def __enter__(self) -> Self:
        return self

    def health(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.get_json("/health"))

    def me(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.get_json("/me"))

    def search(
        self,
        query: str = "",
        *,
        namespace: str | None = None,
        tags: Sequence[str] = (),
        agent: str | None = None,
        sort: Literal["relevance", "updated", "downloads", "name"] | None = None,
        limit: int = 30,
        cursor: str | None = None,
    ) -> SearchPage:
        """Skills that match, typing errors forgiven; filters count before the limit."""
        page = self.get_json(
            "/skills", q=query, namespace=namespace, tag=list(tags), agent=agent, sort=sort, limit=limit, cursor=cursor
        )
        return cast(SearchPage, page)

    def skill(self, name: str) -> Skill:
        return cast(Skill, self.get_json(skill_path(name)))

    def release(self, name: str, version: str = "latest") -> Release:
        """One release, by exact version or channel."""
        return cast(Release, self.get_json(release_path(name, version)))

    def releases(self, name: str) -> list[Release]:
        """All releases, newest first."""
        return self.all_items(f"{skill_path(name)}/releases")

    def files(self, name: str, version: str = "latest") -> list[ReleaseFile]:
        return self.all_items(f"{release_path(name, version)}/files")

    def file(self, name: str, version: str, path: str) -> bytes:
        return self.request("GET", f"{release_path(name, version)}/files/{quote(path)}").body

    def publish(
        self,
        name: str,
        archive: Path,
        *,
        dry_run: bool = False,
        visibility: Visibility | None = None,
        channel: str | None = None,
        version: str | None = None,
    ) -> dict[str, Any]:
        """Publish an archive as `{"release", "warnings"}`; a dry run gives `{"ok", "faults", "release"}`."""
        answer = self.send_form(
            f"{skill_path(name)}/releases",
            params={"dry_run": True} if dry_run else {},
            fields=without_none({"visibility": visibility, "channel": channel, "version": version}),
            files={"archive": archive},
            headers={"X-Skillyard-Sha256": _digests(archive).sha256},
        )
        return cast("dict[str, Any]", answer)

    def publish_two_phase(
        self,
        name: str,
        archive: Path,
        *,
        visibility: Visibility | None = None,
        channel: str | None = None,
        version: str | None = None,
    ) -> dict[str, Any]:
        """Publish by a ticket, an upload to a signed address, and a confirmation. A failed upload is abandoned."""
        digests = _digests(archive)
        wanted = {"visibility": visibility, "channel": channel, "version": version}
        ticket = self.send_json(
            "POST",
            f"{skill_path(name)}/uploads",
            {"sha256": digests.sha256, "size_bytes": digests.size_bytes, **without_none(wanted)},
        )
        upload = f"/uploads/{segment(str(ticket['upload_id']))}"
        try:
            self.put_file(str(ticket["upload_url"]), archive)
            return cast("dict[str, Any]", self.send_json("POST", f"{upload}/confirm"))
        except BaseException:
            self.request("DELETE", upload, check=False)
            raise

    def yank(self, name: str, version: str, reason: str) -> Release:
        """Offer a release to new installs no longer; locked ones keep working."""
        return cast(Release, self.send_json("PUT", f"{release_path(name, version)}/yank", {"reason": reason}))

    def unyank(self, name: str, version: str) -> Release:
        return cast(Release, self.send_json("DELETE", f"{release_path(name, version)}/yank"))

    def deprecate(self, name: str, message: str, version: str | None = None) -> dict[str, Any]:
        """Warn users of a skill, or of one of its releases."""
        return cast("dict[str, Any]", self.send_json("PUT", deprecation_path(name, version), {"message": message}))

    def undeprecate(self, name: str, version: str | None = None) -> dict[str, Any]:
        return cast("dict[str, Any]", self.send_json("DELETE", deprecation_path(name, version)))

    def set_channel(self, name: str, channel: str, version: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self.send_json("PUT", channel_path(name, channel), {"version": version}))

    def remove_channel(self, name: str, channel: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self.send_json("DELETE", channel_path(name, channel)))

    def resolve(
        self, requirements: Mapping[str, str], locked: Mapping[str, str] | None = None, *, min_age_s: int = 0
    ) -> Resolved:
        """A whole closure in one call: all that an install needs. Younger releases are passed over unless locked."""
        body: dict[str, Any] = {"requirements": dict(requirements), "locked": dict(locked or {})}
        if min_age_s:
            body["min_age_seconds"] = min_age_s
        return cast(Resolved, self.send_json("POST", "/resolve", body))

    def download(self, name: str, version: str, target: Path) -> Digests:
        """The archive of a release, checked against its digest, at `target`; an interrupted one is continued."""
        from skillyard.sdk.downloads import Wanted, download

        release = self.release(name, version)
        archive = release["archive"]
        wanted = Wanted(
            url=archive["url"], sha256=archive["sha256"], size_bytes=archive["size_bytes"], name=release["name"]
        )
        partial = target.with_name(f".{target.name}.{archive['sha256'][:16]}.part")
        download(self.transport, wanted, partial)
        partial.replace(target)
        return Digests(sha256=archive["sha256"], sha512=archive["sha512"], size_bytes=archive["size_bytes"])

    def tokens(self) -> list[Token]:
        return self.all_items("/me/tokens")

    def identities(self) -> list[dict[str, Any]]:
        """The identities at providers with which the user can sign in."""
        return self.all_items("/me/identities")

    def unlink_identity(self, identity_id: str) -> dict[str, Any]:
        """Sign in with it no longer. Needs a session of the last ten minutes, and another way to sign in."""
        return cast("dict[str, Any]", self.send_json("DELETE", f"/me/identities/{segment(identity_id)}"))

    def create_token(
        self,
        name: str,
        *,
        scopes: Sequence[str],
        expires_in_days: int = 90,
        namespaces: Sequence[str] | None = None,
        integrations: Sequence[str] | None = None,
    ) -> NewToken:
        """A personal token; its secret is in this answer and never again. `integrations`: a key for calls of these."""
        body = {
            "name": name,
            "scopes": list(scopes),
            "expires_in_days": expires_in_days,
            "namespaces": list(namespaces) if namespaces is not None else None,
            "integrations": list(integrations) if integrations is not None else None,
        }
        return cast(NewToken, self.send_json("POST", "/me/tokens", without_none(body)))

    def revoke_token(self, token_id: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self.send_json("DELETE", f"/me/tokens/{segment(token_id)}"))

    def namespaces(self) -> list[dict[str, Any]]:
        """The namespaces that the caller belongs to."""
        return self.all_items("/me/namespaces")

    def create_namespace(self, slug: str, display_name: str | None = None) -> dict[str, Any]:
        body = without_none({"slug": slug, "display_name": display_name})
        return cast("dict[str, Any]", self.send_json("POST", "/namespaces", body))

    def members(self, namespace: str) -> list[dict[str, Any]]:
        return self.all_items(f"/namespaces/{segment(namespace)}/members")

    def set_member(self, namespace: str, username: str, role: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self.send_json("PUT", member_path(namespace, username), {"role": role}))

    def remove_member(self, namespace: str, username: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self.send_json("DELETE", member_path(namespace, username)))

    def publishers(self, namespace: str) -> list[dict[str, Any]]:
        """The CI systems that may publish to a namespace without a stored token."""
        return self.all_items(f"/namespaces/{segment(namespace)}/publishers")

    def add_publisher(
        self, namespace: str, issuer: str, claims: Mapping[str, str], slug: str | None = None
    ) -> dict[str, Any]:
        """Let whoever has an ID token of `issuer` with these claims publish one skill, or all of the namespace."""
        body = without_none({"issuer": issuer, "claims": dict(claims), "slug": slug})
        return cast("dict[str, Any]", self.send_json("POST", f"/namespaces/{segment(namespace)}/publishers", body))

    def remove_publisher(self, namespace: str, publisher_id: str) -> dict[str, Any]:
        path = f"/namespaces/{segment(namespace)}/publishers/{segment(publisher_id)}"
        return cast("dict[str, Any]", self.send_json("DELETE", path))

    def exchange_id_token(self, id_token: str, target: str) -> dict[str, Any]:
        """For a CI job's ID token one that may publish `target`, for 15 minutes."""
        body = {"token": id_token, "target": target}
        return cast("dict[str, Any]", self.send_json("POST", "/auth/oidc/exchange", body))

    def create_sign_in_link(self, username: str | None = None) -> dict[str, Any]:
        """A one-time link for an account, or an invitation."""
        body = without_none({"username": username})
        return cast("dict[str, Any]", self.send_json("POST", "/admin/sign-in-links", body))


def _digests(archive: Path) -> Digests:
    try:
        with archive.open("rb") as file:
            return read_digests(file)
    except OSError as error:
        raise UsageError(
            f"{archive} cannot be read: {error.strerror}.", code="no_file", hint="check the path"
        ) from None
