"""Releases by exact version or by content, many at once: as much of each as a machine needs that will fetch it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skillyard.domain.registry.model import Archive, Visibility
from skillyard.domain.registry.sight import Facts
from skillyard.domain.registry.store import exact as store
from skillyard.domain.registry.store import skills
from skillyard.domain.registry.trust import Status
from skillyard.infra.database import Row, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactRelease:
    """One release, whoever may see it: pass its `facts` to `look_at` before showing anything of it."""

    name: str
    version: str
    digest: str
    archive: Archive
    visibility: Visibility
    status: Status
    is_yanked: bool
    is_for_sale: bool
    is_sealed: bool
    published_ms: int

    @property
    def is_free(self) -> bool:
        """Whether everybody who knows the name may take its content."""
        return self.visibility.is_open and not self.is_for_sale and not self.is_sealed

    @property
    def facts(self) -> Facts:
        return Facts(
            name=self.name, visibility=self.visibility, is_for_sale=self.is_for_sale, is_sealed=self.is_sealed
        )  # fmt: skip


def list_exact(tx: Tx, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ExactRelease]:
    """Those of the (name, version) pairs that there are. One query per 512 names."""
    pairs = set(wanted)
    rows = store.list_of_skills(tx, pairs)
    return {(row["skill"], row["version"]): _exact(row) for row in rows}


def list_by_digest(tx: Tx, digests: Iterable[str]) -> Mapping[str, list[ExactRelease]]:
    """All releases with one of these trees, by digest, the oldest first."""
    found: dict[str, list[ExactRelease]] = {}
    for row in store.list_of_digests(tx, sorted(set(digests))):
        found.setdefault(row["digest"], []).append(_exact(row))
    for releases in found.values():
        releases.sort(key=lambda one: (one.published_ms, one.name, one.version))
    return found


def list_names(tx: Tx, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that there are skills of, whoever may see them."""
    return frozenset(skills.list_visibilities(tx, sorted(set(names))))


def _exact(row: Row) -> ExactRelease:
    archive = Archive(sha256=row["sha256"], sha512=row["sha512"], size_bytes=row["size_bytes"], format=row["format"])
    return ExactRelease(
        name=row["skill"],
        version=row["version"],
        digest=row["digest"],
        archive=archive,
        visibility=Visibility(row["visibility"]),
        status=Status(row["status"]),
        is_yanked=row["yanked_ms"] is not None,
        is_for_sale=bool(row["is_for_sale"]),
        is_sealed=bool(row["is_sealed"]),
        published_ms=row["published_ms"],
    )
