"""What a registry answers to a sync, read as if a stranger had sent it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.sdk.errors import SdkError
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName, check_name
from skillyard.skill.versions import is_version

NOTHING_TO_DO = frozenset({"in_sync", "keep", "unavailable"})
PULLS = frozenset({"install", "update", "remove"})
MERGES = frozenset({"merge", "merge_upstream"})
_ACTIONS = NOTHING_TO_DO | PULLS | MERGES | {"conflict", "claim_public", "upload_private", "push", "fork"}
_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_SHA256 = re.compile("[0-9a-f]{64}")
_SHA512 = re.compile("sha512-[A-Za-z0-9+/]{86}==")
_RUN_ID = re.compile("[A-Za-z0-9_-]{1,100}")
_MOST_CHARS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release: `digest` is that of its files, the rest tells where its archive is and what it must be.

    `is_flagged`: by the scan, so that it is for people who agree to that.
    """

    name: str
    version: str
    digest: str
    url: str
    sha256: str
    sha512: str
    size_bytes: int
    is_flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What becomes of the skill with this slug, as the registry sees it; `status` is empty in a preview.

    `target` is to be in the folder, or to be merged into it from `base`. `publish_as`: what the folder is uploaded as.
    """

    slug: str
    action: str
    reason: str
    name: str | None
    drive: str | None
    credits: int
    target: Release | None
    base: Release | None
    publish_as: str | None
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Of a preview (without `run_id`) or of the call that opens a run."""

    items: tuple[Item, ...]
    left_out: tuple[Item, ...]
    run_id: str = ""
    summary: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What a folder became."""

    name: str
    version: str
    digest: str
    credits: int


def read_answer(document: Any) -> Answer:
    """Raises SdkError when the answer cannot be used."""
    try:
        run_id = str(document.get("id", ""))
        if run_id and not _RUN_ID.fullmatch(run_id):
            raise ValueError("its id is none")
        return Answer(
            items=tuple(_read_item(value) for value in document["items"]),
            left_out=tuple(_read_item(value) for value in document["left_out"]),
            run_id=run_id,
            summary=document.get("summary"),
        )
    except (KeyError, TypeError, ValueError, AttributeError, SkillError) as error:
        raise _bad_answer(error) from error


def read_uploaded(document: Any) -> Uploaded:
    """Raises SdkError when the answer cannot be used."""
    try:
        return Uploaded(
            name=str(SkillName.parse(document["name"])),
            version=_checked(document["version"], is_version),
            digest=_checked(document["digest"], _DIGEST.fullmatch),
            credits=int(document["credits_charged"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, SkillError) as error:
        raise _bad_answer(error) from error


def _read_item(value: Mapping[str, Any]) -> Item:
    slug, action, name = str(value["slug"]), str(value["action"]), value["name"]
    if action not in _ACTIONS:
        raise ValueError(f"it has the action {action[:40]!a}; this program may be too old for it")
    if check_name(slug):
        raise ValueError(f"{slug[:80]!a} is no folder of a skill")
    item = Item(
        slug=slug,
        action=action,
        reason=str(value["reason"])[:_MOST_CHARS],
        name=None if name is None else str(SkillName.parse(name)),
        drive=None if value["drive"] is None else str(value["drive"]),
        credits=int(value["credits"]),
        target=read_release(value["target"]),
        base=read_release(value["base"]),
        publish_as=None if value["publish_as"] is None else str(SkillName.parse(value["publish_as"])),
        status=str(value.get("status", "")),
    )
    if item.target is None and action in ("install", "update", "claim_public", *MERGES):
        raise ValueError(f"it says {action} without a release")
    if item.target and SkillName.parse(item.target.name).slug != slug and action in ("install", "update", "in_sync"):
        raise ValueError(f"it puts {item.target.name} into the folder {slug}")
    return item


def read_release(value: Any) -> Release | None:
    """Raises ValueError, KeyError, TypeError, AttributeError or SkillError for what is none."""
    if value is None:
        return None
    archive = value["archive"]
    return Release(
        name=str(SkillName.parse(value["name"])),
        version=_checked(value["version"], is_version),
        digest=_checked(value["digest"], _DIGEST.fullmatch),
        url=str(archive["url"]),
        sha256=_checked(archive["sha256"], _SHA256.fullmatch),
        sha512=_checked(archive["sha512"], _SHA512.fullmatch),
        size_bytes=int(archive["size_bytes"]),
        is_flagged=value.get("status") == "flagged",
    )


def _checked(value: Any, is_good: Any) -> str:
    if not isinstance(value, str) or not is_good(value):
        raise ValueError(f"{str(value)[:80]!a} is not what it should be")
    return value


def _bad_answer(error: Exception) -> SdkError:
    said = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
    return SdkError(
        f"The registry's answer cannot be used: {said}.",
        code="bad_answer",
        hint="Nothing was changed here. Tell the operator of the registry.",
    )
