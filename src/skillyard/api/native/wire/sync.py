"""What a machine says in a sync: what it has, how it wants to sync, what it did.

A sync is two round trips and the changed bytes: `POST /drive/sync` with the state of the machine answers what is to be
done and where the bytes are; `POST /drive/sync/{run_id}/finalize` says what was done. Between them the client fetches
archives, and sends one archive for each item with `publish_as` to `/drive/sync/{run_id}/uploads/{slug}`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.native.wire.fields import Text, example
from skillyard.domain.drive.sync_model import (
    Action,
    Expected,
    ItemResult,
    LocalSkill,
    LocalState,
    Mode,
    Outcome,
    RunKind,
)

MOST_SKILLS = 2000
_MOST_COUNTERS = 30
_SHA = f"sha256:{'7a' * 32}"
_INSTALL_ID = "7c1c5b0e-3f0a-4f5e-9d9e-0c1f3c5f8a11"
_LOCAL = {
    "slug": "pdf",
    "digest": _SHA,
    "name": "acme/pdf",
    "base_digest": _SHA,
    "base_version": "1.3.0",
    "size_bytes": 20480,
}

Digest = Annotated[str, StringConstraints(max_length=100)]
Folder = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class LocalSkillBody(BaseModel):
    """One skill folder of the machine."""

    model_config = example(_LOCAL, closed=True)

    slug: Folder = Field(description="The name of the folder.")
    digest: Digest = Field(description="Of its tree as it is now: `sha256:…`, as releases have it.")
    name: Text | None = Field(default=None, description="The skill that was installed there; null: nobody did.")
    base_digest: Digest | None = Field(default=None, description="What the last sync or install put there.")
    base_version: Text | None = Field(default=None, description="The version of that.")
    size_bytes: int = Field(default=0, ge=0, lt=2**53, description="Of its files together.")


class SyncBody(BaseModel):
    """What a sync goes by."""

    model_config = example(
        {"local": [_LOCAL], "known": ["acme/pdf"], "mode": "all", "drive": None, "forks": False}, closed=True
    )

    local: list[LocalSkillBody] = Field(
        max_length=MOST_SKILLS, description="All skill folders, each once; credits are spent in this order."
    )
    known: list[Text] = Field(
        default=[],
        max_length=2 * MOST_SKILLS,
        description="The skills that the last finished sync of this machine found in the drive or put there, also those"
        " whose folders are gone. What is here and not in the drive any more is removed; what is not here is new.",
    )
    mode: Mode = Field(
        default=Mode.ALL,
        description="`public_only`: nothing private leaves the machine; `pulls_only`: nothing does, and the drive stays"
        " as it is; `as_many_as_credits_allow`: uploads in the order of `local`, as long as credits last.",
    )
    drive: Text | None = Field(
        default=None,
        description="Only what this drive has, and pushes go into it; null: all that you reach, and pushes go into your"
        " own.",
    )
    forks: bool = Field(
        default=False, description="Edits of skills of others become private forks; else they stay where they are."
    )


class ExpectedBody(BaseModel):
    """What a preview said, so that nothing else is done."""

    model_config = example({"slug": "pdf", "action": "update", "version": "1.4.0", "credits": 0}, closed=True)

    slug: Folder
    action: Action
    version: Text | None = Field(default=None, description="Of `target`; null where there was none.")
    credits: int = Field(default=0, ge=0, lt=2**53, description="At most so many.")


class BeginSyncBody(SyncBody):
    model_config = example(
        {"local": [_LOCAL], "known": ["acme/pdf"], "install_id": _INSTALL_ID, "kind": "manual"}, closed=True
    )

    install_id: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="Of this machine, made up once. A run that it left open is superseded."
    )
    kind: RunKind = "manual"
    expected: list[ExpectedBody] | None = Field(
        default=None,
        max_length=MOST_SKILLS,
        description="Of a preview, the items that are to be done. Each is looked at again, and answered as `stale` if"
        " it has become another one; what is not listed is not done. Null: whatever it is now.",
    )


class ItemResultBody(BaseModel):
    model_config = example({"slug": "pdf", "status": "committed", "detail": ""}, closed=True)

    slug: Folder
    status: Outcome
    detail: Annotated[str, StringConstraints(max_length=500)] = Field(default="", description="Why it failed.")


class FinalizeBody(BaseModel):
    model_config = example({"results": [{"slug": "pdf", "status": "committed"}], "counters": {}}, closed=True)

    results: list[ItemResultBody] = Field(
        default=[], max_length=MOST_SKILLS, description="Pending items without one count as skipped."
    )
    counters: dict[Text, Annotated[int, Field(ge=0, lt=2**53)]] = Field(
        default={}, max_length=_MOST_COUNTERS, description="What you counted yourself; kept with the run."
    )


class DiffSkillBody(BaseModel):
    model_config = example({"slug": "pdf", "digest": _SHA, "name": "acme/pdf"}, closed=True)

    slug: Folder
    digest: Digest
    name: Text | None = None


class DiffBody(BaseModel):
    model_config = example({"local": [{"slug": "pdf", "digest": _SHA}]}, closed=True)

    local: list[DiffSkillBody] = Field(max_length=MOST_SKILLS)
    drive: Text | None = None


def read_state(body: SyncBody) -> LocalState:
    skills = tuple(LocalSkill(**one.model_dump()) for one in body.local)
    return LocalState(skills=skills, known=frozenset(body.known))


def read_expected(body: BeginSyncBody) -> tuple[Expected, ...] | None:
    return None if body.expected is None else tuple(Expected(**one.model_dump()) for one in body.expected)


def read_results(body: FinalizeBody) -> tuple[ItemResult, ...]:
    return tuple(ItemResult(**one.model_dump()) for one in body.results)


def read_local(body: DiffBody) -> tuple[LocalSkill, ...]:
    return tuple(LocalSkill(**one.model_dump()) for one in body.local)
