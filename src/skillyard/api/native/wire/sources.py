"""Git on the wire: where skills come from, the sources that administrators add, and what is discovered."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.native.wire.errors import FaultOnWire
from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.api.native.wire.skills import SKILL_EXAMPLE, SkillSummaryOnWire, show_listed_skill
from skillyard.domain.drive.discover import DiscoveredPage
from skillyard.domain.drive.git_model import Origin, Source, SourceFolder
from skillyard.domain.drive.sources import SourcePage
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

Address = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
_NOW = "2026-11-21T07:00:00.000Z"
_COMMIT = "5f2c1d3e4b5a69788796a5b4c3d2e1f00112233a"
_ORIGIN: dict[str, Any] = {
    "name": "acme/pdf",
    "address": "https://github.com/acme/tools/tree/main/skills/pdf",
    "repository": "https://github.com/acme/tools",
    "ref": "refs/heads/main",
    "path": "skills/pdf",
    "commit": _COMMIT,
    "version": "0.1.3",
    "source_id": None,
    "published_at": _NOW,
    "checked_at": _NOW,
    "problem": None,
}
_SOURCE: dict[str, Any] = {
    "id": "src_01k0000000000000000000000a",
    "address": "https://github.com/acme/tools",
    "ref": "HEAD",
    "path": "",
    "namespace": "acme",
    "commit": _COMMIT,
    "added_at": _NOW,
    "crawled_at": _NOW,
    "problem": None,
}
_FOLDER: dict[str, Any] = {"path": "skills/pdf", "name": "acme/pdf", "version": "0.1.3", "faults": []}
_REF_HELP = "What is followed: `refs/heads/main`, `HEAD` for the default branch, or a commit, which never moves."


class OriginOnWire(BaseModel):
    model_config = example(_ORIGIN)

    name: str
    address: str = Field(description="As somebody wrote it.")
    repository: str
    ref: str = Field(description=_REF_HELP)
    path: str = Field(description="Of the folder; empty for the root.")
    commit: str | None = Field(description="The one whose content was published last.")
    version: str | None = Field(description="As what it was published.")
    source_id: str | None = Field(description="The source that it was found in; null for what a person imported.")
    published_at: Time
    checked_at: Time
    problem: str | None = Field(description="Why the last look at it brought nothing.")


class SourceOnWire(BaseModel):
    model_config = example(_SOURCE)

    id: str
    address: str
    ref: str = Field(description=_REF_HELP)
    path: str
    namespace: str = Field(description="Where its skills are published.")
    commit: str | None = Field(description="The one that was read last.")
    added_at: Time
    crawled_at: Time | None
    problem: str | None = Field(description="Why the last crawl could read nothing.")


class SourcesPage(BaseModel):
    model_config = example({"items": [_SOURCE], "next_cursor": None})

    items: list[SourceOnWire]
    next_cursor: str | None


class SourceFolderOnWire(BaseModel):
    model_config = example(_FOLDER)

    path: str
    name: str | None = Field(description="Null when its SKILL.md does not say.")
    version: str | None = Field(description="The release with its content; null for one that was refused.")
    faults: list[FaultOnWire] = Field(description="Why it was refused.")


class SourceWithFolders(SourceOnWire):
    model_config = example({**_SOURCE, "folders": [_FOLDER]})

    folders: list[SourceFolderOnWire] = Field(description="What the last crawl made of each folder with a SKILL.md.")


class AddSourceBody(BaseModel):
    model_config = example({"address": "https://github.com/acme/tools", "namespace": "acme"}, closed=True)

    address: Address = Field(description="Of a public git repository, or of a folder in one, as the browser shows it.")
    namespace: Text = Field(description="Where its skills are published; you must be allowed to publish there.")


class RemovedSource(BaseModel):
    model_config = example({"removed": True, "id": _SOURCE["id"]})

    removed: bool = True
    id: str


class DiscoveredOnWire(BaseModel):
    model_config = example({"skill": SKILL_EXAMPLE, "origin": _ORIGIN})

    skill: SkillSummaryOnWire
    origin: OriginOnWire | None = Field(description="Null for what was published here.")


class DiscoveredPageOnWire(BaseModel):
    model_config = example({"items": [{"skill": SKILL_EXAMPLE, "origin": _ORIGIN}], "total": 1, "offset": 0})

    items: list[DiscoveredOnWire]
    total: int
    offset: int


def show_origin(origin: Origin) -> OriginOnWire:
    return OriginOnWire(
        name=origin.name,
        address=origin.address,
        repository=origin.repository,
        ref=origin.ref,
        path=origin.path,
        commit=origin.commit,
        version=origin.version,
        source_id=origin.source_id,
        published_at=iso(origin.at_ms),
        checked_at=iso(origin.checked_ms),
        problem=origin.problem or None,
    )


def show_source(source: Source) -> SourceOnWire:
    return SourceOnWire(**_source(source))


def show_sources(page: Page[Source]) -> SourcesPage:
    return SourcesPage(items=[show_source(source) for source in page.items], next_cursor=page.next_cursor)


def show_source_page(page: SourcePage) -> SourceWithFolders:
    return SourceWithFolders(**_source(page.source), folders=[_show_folder(folder) for folder in page.folders])


def show_discovered(page: DiscoveredPage) -> DiscoveredPageOnWire:
    items = [
        DiscoveredOnWire(
            skill=show_listed_skill(found.skill), origin=show_origin(found.origin) if found.origin else None
        )
        for found in page.items
    ]
    return DiscoveredPageOnWire(items=items, total=page.total, offset=page.offset)


def _source(source: Source) -> dict[str, Any]:
    return {
        "id": source.id,
        "address": source.address,
        "ref": source.ref,
        "path": source.path,
        "namespace": source.namespace,
        "commit": source.commit,
        "added_at": iso(source.added_ms),
        "crawled_at": None if source.crawled_ms is None else iso(source.crawled_ms),
        "problem": source.problem or None,
    }


def _show_folder(folder: SourceFolder) -> SourceFolderOnWire:
    faults = [FaultOnWire.model_validate(dict(fault)) for fault in folder.faults]
    return SourceFolderOnWire(path=folder.path, name=folder.name, version=folder.version, faults=faults)
