"""What a sync did, or would do, as values for programs and people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from skillyard.sdk.sync.answers import Item
from skillyard.sdk.sync.conflicts import Waiting

Outcome = Literal["planned", "nothing", "done", "conflict", "needs_consent", "flagged", "left", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """One skill. `outcome`: planned (a dry run), nothing to do, done, conflict (the person decides), needs_consent (to
    leave this machine), flagged (needs consent to come here), left (as it is, for `reason`), failed. `version`: what
    the folders go by now.
    """

    slug: str
    action: str
    outcome: Outcome
    reason: str
    name: str | None = None
    version: str | None = None
    previous: str | None = None
    publish_as: str | None = None
    credits: int = 0
    detail: str = ""
    waiting: Waiting | None = None

    def show(self) -> dict[str, Any]:
        """A plain JSON value."""
        return {
            "slug": self.slug,
            "name": self.name,
            "action": self.action,
            "outcome": self.outcome,
            "reason": self.reason,
            "detail": self.detail,
            "version": self.version,
            "previous": self.previous,
            "publish_as": self.publish_as,
            "credits": self.credits,
            "conflict": self.waiting.show() if self.waiting else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """`left_out`: what the mode, the token or the balance does not allow. `summary`: credits, of a dry run only."""

    skills: tuple[Synced, ...]
    left_out: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()
    backups: tuple[Path, ...] = ()
    written: bool = False
    downloaded: int = 0
    downloaded_bytes: int = 0
    uploaded: int = 0
    credits_charged: int = 0
    summary: Mapping[str, Any] | None = None

    @property
    def exit_code(self) -> int:
        """1 when something is in conflict or failed, else 4 when something waits for consent."""
        outcomes = {one.outcome for one in self.skills}
        return 1 if outcomes & {"conflict", "failed"} else 4 if outcomes & {"needs_consent", "flagged"} else 0

    def show(self) -> dict[str, Any]:
        """A plain JSON value."""
        return {
            "skills": [one.show() for one in self.skills],
            "left_out": [
                {"slug": item.slug, "name": item.name, "action": item.action, "reason": item.reason}
                for item in self.left_out
            ],
            "counts": dict(Counter(one.outcome for one in self.skills)),
            "notes": list(self.notes),
            "backups": [str(folder) for folder in self.backups],
            "written": self.written,
            "downloaded": self.downloaded,
            "downloaded_bytes": self.downloaded_bytes,
            "uploaded": self.uploaded,
            "credits_charged": self.credits_charged,
            "summary": None if self.summary is None else dict(self.summary),
        }
