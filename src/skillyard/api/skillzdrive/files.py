"""Read one file: of a skill, or of a session in which something was run."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import SignedIn, signed_router
from skillyard.api.skillzdrive.errors import FileOfWhat
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.skillzdrive.wire.skills import FileShown, show_file
from skillyard.api.surface import AppOf
from skillyard.domain.drive.chosen import find_version
from skillyard.domain.drive.slugs import find_name
from skillyard.domain.registry.files import get_file
from skillyard.domain.runs.session_files import open_session_file

router = signed_router("files")


@router.get(f"{API}/files", summary="Read a file of a skill or of a session")
def read_file(
    app: AppOf,
    caller: SignedIn,
    path: Annotated[str, Query(min_length=1, max_length=1000)],
    skill_slug: Annotated[str | None, Query(alias="skillSlug", max_length=200)] = None,
    session_id: Annotated[str | None, Query(alias="sessionId", max_length=200)] = None,
) -> Data[FileShown]:
    """Either of the skill, in the version that the drive has, or of the session, as the last run left it. What is no
    text comes in base64.
    """
    if (skill_slug is None) == (session_id is None):
        raise FileOfWhat
    if skill_slug is not None:
        name = find_name(app, skill_slug)
        _, data = get_file(app, caller, name=name, version=find_version(app, caller, name), path=path)
        return Data(data=show_file(path, data))
    _, content = open_session_file(app, caller, session_id=session_id or "", path=path)
    with content:
        return Data(data=show_file(path, content.read()))
