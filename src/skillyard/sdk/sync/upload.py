"""A folder on its way into a drive: packed, sent within the run, and what it became."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skillyard.sdk.calls import API
from skillyard.sdk.errors import SdkError, from_skill_error
from skillyard.sdk.paths import release_path
from skillyard.sdk.sync.answers import Release, read_uploaded
from skillyard.skill.archive import pack
from skillyard.skill.digest import sha256_hex, sha512_sri
from skillyard.skill.faults import SkillError
from skillyard.skill.files import SkillFiles

if TYPE_CHECKING:
    from skillyard.sdk.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The release that a folder became, its archive, and what that cost."""

    release: Release
    archive: bytes = field(repr=False)
    credits: int


def upload(client: Client, run_id: str, slug: str, files: SkillFiles) -> Sent:
    """Send the files. Raises SdkError when they cannot be packed or are refused, NetworkError."""
    try:
        archive = pack(files)
    except SkillError as error:
        raise from_skill_error(error, code="skill_refused", message=f"{slug} cannot be packed.") from error
    sha256 = sha256_hex(archive)
    became = read_uploaded(client.upload_in_sync(run_id, slug, archive, sha256=sha256))
    if became.digest != files.digest:
        raise SdkError(
            f"The registry made other files of {slug} than were sent.",
            code="bad_answer",
            hint="Tell the operator of the registry.",
        )
    release = Release(
        name=became.name,
        version=became.version,
        digest=became.digest,
        url=f"{client.base_url}{API}{release_path(became.name, became.version)}/archive",
        sha256=sha256,
        sha512=sha512_sri(archive),
        size_bytes=len(archive),
    )
    return Sent(release=release, archive=archive, credits=became.credits)
