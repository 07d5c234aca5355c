"""The nouns of the registry, and what happens to skills as events. A skill's name is `namespace/slug`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Literal

from skillyard.domain.accounts.model import Provenance
from skillyard.domain.registry.trust import Status, StatusChanged
from skillyard.infra.events import Event
from skillyard.skill.digest import FileEntry
from skillyard.skill.faults import Fault
from skillyard.skill.names import SkillName

ArchiveFormat = Literal["zip", "tar.gz"]
DEFAULT_CHANNEL = "latest"


class Visibility(StrEnum):
    """Public: found and read by all. Unlisted: read by all who know the name. Private: only for members."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"

    @property
    def is_open(self) -> bool:
        """Whether everybody who knows the name may read it."""
        return self is not Visibility.PRIVATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloads:
    total: int
    last_week: int
    last_month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A skill, with what its latest release says of it. `latest_version` and `status` are None when no release is on
    offer.
    """

    name: str
    namespace: str
    slug: str
    visibility: Visibility
    description: str
    latest_version: str | None
    tags: tuple[str, ...]
    compatibility: str | None
    created_ms: int
    updated_ms: int
    downloads: Downloads
    deprecated: str | None
    status: Status | None = None
    is_for_sale: bool = False
    is_sealed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The bytes as they were uploaded."""

    sha256: str
    sha512: str
    size_bytes: int
    format: ArchiveFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Yank:
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One immutable version. `channel` is the one it was published to, `channels` those that point to it now.

    `permissions` is the nested JSON value of skill/permissions.py. `verdict` and `score` are None until it is scanned,
    `reasons` say why `status` is not listed, `provenance` which run of a CI system published it. `readme` and `files`
    are empty where a list of releases was asked for.
    """

    id: str
    name: str
    version: str
    visibility: Visibility
    description: str
    license: str | None
    compatibility: str | None
    homepage: str | None
    tags: tuple[str, ...]
    dependencies: Mapping[str, str]
    permissions: Mapping[str, Any]
    channel: str
    channels: tuple[str, ...]
    digest: str
    archive: Archive
    files_count: int
    unpacked_bytes: int
    published_ms: int
    published_by: str
    yanked: Yank | None
    deprecated: str | None
    status: Status = Status.LISTED
    reasons: tuple[str, ...] = ()
    verdict: str | None = None
    score: float | None = None
    provenance: Provenance | None = None
    is_for_sale: bool = False
    is_sealed: bool = False
    credits_per_run: int = 0
    readme: str = ""
    files: tuple[FileEntry, ...] = ()

    @property
    def namespace(self) -> str:
        return self.name.partition("/")[0]

    @property
    def slug(self) -> str:
        return self.name.partition("/")[2]

    @property
    def is_free(self) -> bool:
        """Whether everybody who knows the name may take its content."""
        return self.visibility.is_open and not self.is_for_sale and not self.is_sealed

    @property
    def is_offered(self) -> bool:
        """Whether somebody who has not locked it may come to it."""
        return self.yanked is None and self.status.is_offered


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillPage:
    """All that the page of one skill shows. `latest` comes with its readme."""

    skill: Skill
    channels: Mapping[str, str]
    versions_count: int
    latest: Release | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """As much of a release as decides where channels point."""

    version: str
    channel: str
    is_offered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """An archive that everybody may have, and a release that it belongs to."""

    sha256: str
    size_bytes: int
    format: ArchiveFormat
    filename: str
    release_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a publisher asks for beside the archive; None where they leave it to us.

    `homepage` and `dependencies` take the place of what the archive says; `overrules`: name, namespace and version do,
    too.
    """

    name: SkillName
    visibility: Visibility | None = None
    channel: str | None = None
    version: str | None = None
    homepage: str | None = None
    dependencies: Mapping[str, str] | None = None
    overrules: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A release that may be published: what was read from its archive."""

    name: str
    version: str
    digest: str
    archive: Archive
    files: tuple[FileEntry, ...]
    permissions: Mapping[str, Any]
    dependencies: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What publishing would answer. `draft` is None when the archive does not say enough to make one; `report` is that
    of the scan, None when there was nothing to scan.
    """

    faults: tuple[Fault, ...]
    draft: Draft | None
    report: Mapping[str, Any] | None = None

    @property
    def ok(self) -> bool:
        return not any(fault.severity == "error" for fault in self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The new release, and what its author should know about it."""

    release: Release
    warnings: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A ticket for one archive, announced by its digest and size; `received_ms` is when the bytes were there."""

    id: str
    name: str
    user_id: str
    sha256: str
    size_bytes: int
    visibility: Visibility | None
    channel: str | None
    version: str | None
    created_ms: int
    expires_ms: int
    received_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePublished(Event):
    """A version was published; it never changes again."""

    kind: ClassVar[str] = "release.published"

    name: str
    version: str
    digest: str
    channel: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseYanked(Event):
    """A version was withdrawn: nobody gets it any more who has not locked it."""

    kind: ClassVar[str] = "release.yanked"

    name: str
    version: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseUnyanked(Event):
    """A withdrawn version was offered again."""

    kind: ClassVar[str] = "release.unyanked"

    name: str
    version: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDeprecated(Event):
    """The use of a version was advised against."""

    kind: ClassVar[str] = "release.deprecated"

    name: str
    version: str
    message: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseUndeprecated(Event):
    """The advice against a version was taken back."""

    kind: ClassVar[str] = "release.undeprecated"

    name: str
    version: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillDeprecated(Event):
    """The use of a whole skill was advised against."""

    kind: ClassVar[str] = "skill.deprecated"

    name: str
    message: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillUndeprecated(Event):
    """The advice against a skill was taken back."""

    kind: ClassVar[str] = "skill.undeprecated"

    name: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibilityChanged(Event):
    """A skill became public, unlisted or private."""

    kind: ClassVar[str] = "skill.visibility_changed"

    name: str
    visibility: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleChanged(Event):
    """A skill was put up for sale, taken off, or is sold otherwise than before."""

    kind: ClassVar[str] = "skill.sale_changed"

    name: str
    is_for_sale: bool
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSet(Event):
    """A channel was pointed to a version by hand; what publishing and yanking do to channels is part of those."""

    kind: ClassVar[str] = "channel.set"

    name: str
    channel: str
    version: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRemoved(Event):
    """A channel was removed by hand."""

    kind: ClassVar[str] = "channel.removed"

    name: str
    channel: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadsCounted(Event):
    """The download figures of these skills have changed."""

    kind: ClassVar[str] = "downloads.counted"

    names: tuple[str, ...]


FEED = (
    ReleasePublished, ReleaseYanked, ReleaseUnyanked, ReleaseDeprecated, ReleaseUndeprecated,
    SkillDeprecated, SkillUndeprecated, VisibilityChanged, SaleChanged, ChannelSet, ChannelRemoved,
    StatusChanged,
)  # fmt: skip
