"""Bring a skill into a drive, wherever it comes from: by a maintainer at once, by others as a request."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import rules
from skillyard.domain.drive.git_import import import_git
from skillyard.domain.drive.items import add_item
from skillyard.domain.drive.model import DriveItem, ItemRequest
from skillyard.domain.drive.requests import request_item


def import_skill(
    app: App, caller: Caller, *, source: str, drive: str | None = None, slug: str | None = None, note: str = ""
) -> DriveItem | ItemRequest:
    """`source`: the name of a skill of the registry, or the git address of one that is to be called `slug`. A request
    when the caller may only read the drive; `note` is for those who decide on it.

    Raises BadSource, BadSlug, and what `add_item`, `import_git` and `request_item` raise.
    """
    place = rules.readable_drive(caller, drive)
    if rules.may_only_ask(caller, place):
        return request_item(app, caller, source=source, drive=place, slug=slug, note=note)
    if rules.is_address(source):
        rules.check_slug(slug)
        return import_git(app, caller, address=source, drive=place, slug=slug)
    return add_item(app, caller, name=rules.read_name(source), drive=place)
