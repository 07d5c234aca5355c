"""What is different between two releases of a skill: what it may newly do, and which files changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.sdk.client import Client
from skillyard.skill.permissions import Permissions, added, read_permissions


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`may_newly` and `may_no_longer` are in plain words, to be read after "it"."""

    name: str
    old_version: str
    new_version: str
    may_newly: tuple[str, ...]
    may_no_longer: tuple[str, ...]
    added_files: tuple[str, ...]
    removed_files: tuple[str, ...]
    changed_files: tuple[str, ...]
    new_dependencies: tuple[str, ...]
    status: str
    reasons: tuple[str, ...]

    def show(self) -> dict[str, Any]:
        """A plain JSON value."""
        return {
            "name": self.name,
            "old_version": self.old_version,
            "new_version": self.new_version,
            "may_newly": list(self.may_newly),
            "may_no_longer": list(self.may_no_longer),
            "added_files": list(self.added_files),
            "removed_files": list(self.removed_files),
            "changed_files": list(self.changed_files),
            "new_dependencies": list(self.new_dependencies),
            "status": self.status,
            "reasons": list(self.reasons),
        }


def compare_releases(client: Client, name: str, old_version: str, new_version: str) -> Difference:
    """By exact version or channel. Raises ApiError for a release that there is not."""
    old, new = client.release(name, old_version), client.release(name, new_version)
    before, after = _permissions(old), _permissions(new)
    old_files, new_files = _files(client, old), _files(client, new)
    return Difference(
        name=new["name"],
        old_version=old["version"],
        new_version=new["version"],
        may_newly=tuple(grant.text for grant in added(before, after)),
        may_no_longer=tuple(grant.text for grant in added(after, before)),
        added_files=tuple(sorted(new_files.keys() - old_files.keys())),
        removed_files=tuple(sorted(old_files.keys() - new_files.keys())),
        changed_files=tuple(
            sorted(path for path in old_files.keys() & new_files.keys() if old_files[path] != new_files[path])
        ),
        new_dependencies=tuple(sorted(new["dependencies"].keys() - old["dependencies"].keys())),
        status=new["status"],
        reasons=tuple(new["reasons"]),
    )


def _permissions(release: Mapping[str, Any]) -> Permissions:
    return read_permissions(release["permissions"])[0]


def _files(client: Client, release: Mapping[str, Any]) -> dict[str, str]:
    path = f"/skills/{release['name']}/releases/{release['version']}/files"
    return {file["path"]: file["sha256"] for file in client.all_items(path)}
