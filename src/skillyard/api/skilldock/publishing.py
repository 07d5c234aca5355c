"""Upload a release: a zip, with what its author says beside it."""

from __future__ import annotations

from typing import Annotated

from fastapi import File, Form, Header, Query, Request, UploadFile

from skillyard.api.skilldock.addresses import base_url
from skillyard.api.skilldock.errors import ArchiveTooLarge, UploadQuarantined
from skillyard.api.skilldock.reading import SKILL, show_skill
from skillyard.api.skilldock.requirements import read_said
from skillyard.api.skilldock.signed import signed_router
from skillyard.api.skilldock.wire import skills as wire
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.registry import zips
from skillyard.domain.registry.model import Release, Visibility, Wish
from skillyard.domain.registry.publish import publish
from skillyard.domain.registry.trust import Status
from skillyard.skill.names import SkillName

router = signed_router("publish")

MOST_BYTES = 10 * 1024 * 1024  # of which the command line warns
_MOST_DEPENDENCY_CHARS = 200_000


@router.post(f"{SKILL}/releases", status_code=201, summary="Upload a release")
def upload_release(
    request: Request,
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    file: Annotated[UploadFile, File(description="A zip of the skill.")],
    dependencies: Annotated[
        str | None, Form(max_length=_MOST_DEPENDENCY_CHARS, description="JSON: an array or a map.")
    ] = None,
    version: Annotated[str | None, Query(max_length=300, description="Counts more than the one in SKILL.md.")] = None,
    visibility: Annotated[Visibility | None, Query(description="Of a new skill; public when left out.")] = None,
    homepage_url: Annotated[str | None, Query(max_length=2048)] = None,
    x_skilldock_sha256: Annotated[str | None, Header(max_length=200, description="What the zip hashes to.")] = None,
) -> wire.ReleaseAnswer:
    """For maintainers. A release never changes again; one that the scan quarantines is answered with 422. Tags come
    from SKILL.md; a dependency need not exist yet.
    """
    name = SkillName(namespace, slug)
    caller.must("publish", on=str(name))
    if (file.size or 0) > MOST_BYTES:
        raise ArchiveTooLarge(size_bytes=file.size, most_bytes=MOST_BYTES)
    wanted, homepage = read_said(dependencies, homepage_url)
    wish = Wish(
        name=name,
        visibility=visibility,
        version=version or None,
        homepage=homepage,
        dependencies=wanted,
        overrules=True,
    )
    published = publish(app, caller, wish, file.file, sha256=x_skilldock_sha256)
    _check_not_quarantined(published.release)
    [(release, packed)] = zips.list_zips(app, [published.release])
    return wire.ReleaseAnswer(
        release=wire.show_release(release, packed, base_url(request)),
        skill=show_skill(request, app, caller, name),
        warnings=[*release.reasons, *(str(fault) for fault in published.warnings)],
    )


def _check_not_quarantined(new: Release) -> None:
    """The client says no more than that the upload is complete, unless it is refused."""
    if new.status is Status.QUARANTINED:
        raise UploadQuarantined(name=new.name, version=new.version, why=" ".join(new.reasons))
