"""The addresses that answers hand out, all absolute: below the public address of the server."""

from __future__ import annotations

from skillyard.domain.registry.exact import ExactRelease
from skillyard.domain.registry.model import Release

PREFIX = "/api/v1"


def release_path(name: str, version: str) -> str:
    return f"{PREFIX}/skills/{name}/releases/{version}"


def archive_url(address: str, release: Release | ExactRelease) -> str:
    """Content-addressed and the same for all; for a private skill below its release, where the caller is checked."""
    if release.is_free:
        return f"{address}{PREFIX}/blobs/{release.archive.sha256}"
    return f"{address}{release_path(release.name, release.version)}/archive"


def upload_url(address: str, upload_id: str, expires_ms: int, signature: str) -> str:
    return f"{address}{PREFIX}/uploads/{upload_id}?expires={expires_ms}&signature={signature}"
