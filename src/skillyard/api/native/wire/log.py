"""The public log on the wire."""

from __future__ import annotations

import base64
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, example
from skillyard.domain.transparency.model import Entry, Proofs, Proven, ReleaseName
from skillyard.infra.paging import Page

_MOST = 1000
_MOST_ENTRIES = 2**53
Position = Annotated[int, Field(ge=0, le=_MOST_ENTRIES)]
_HASH = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
_LEAF = (
    '{"archive_sha256":"5f70…","at_ms":1795244400000,"by":"ada","digest":"sha256:9f86…","format":1,'
    '"kind":"release.published","name":"acme/pdf","version":"1.4.0"}'
)
_RELEASE = {"name": "acme/pdf", "version": "1.4.0"}
_ENTRY = {"position": 41, "leaf": _LEAF, "facts": None, "salt": None}
_PROVEN = {**_ENTRY, "proof": [_HASH]}
_CHECKPOINT = f"skills.example.org\n42\n{_HASH}\n\n— skills.example.org AbCd…\n"
_KEY = "skills.example.org+5a1b2c3d+AbCd…"


class ReleaseOnWire(BaseModel):
    model_config = example(_RELEASE, closed=True)

    name: Text
    version: Text


class ProofsBody(BaseModel):
    model_config = example({"releases": [_RELEASE], "positions": [], "known_size": 40}, closed=True)

    positions: list[Position] = Field(default_factory=list, max_length=_MOST, description="Entries to prove.")
    releases: list[ReleaseOnWire] = Field(
        default_factory=list, max_length=_MOST, description="Releases whose publication is to be proved."
    )
    known_size: int = Field(
        default=0,
        ge=0,
        le=_MOST_ENTRIES,
        description="Size in the checkpoint that you hold; prove that this log goes on.",
    )


class EntryOnWire(BaseModel):
    model_config = example(_ENTRY)

    position: int
    leaf: str = Field(
        description="The entry: the log hashes the UTF-8 of this text (RFC 9162, with a zero byte before)."
    )
    facts: str | None = Field(description="Of a sealed entry, if you may know: what its commitment is about.")
    salt: str | None = Field(description="Base64. The commitment is the SHA-256 of the salt and the facts.")


class ProvenOnWire(EntryOnWire):
    model_config = example(_PROVEN)

    proof: list[str] = Field(description="Hashes from the entry to the root, in base64.")


class ProofsOnWire(BaseModel):
    model_config = example(
        {"checkpoint": _CHECKPOINT, "key": _KEY, "entries": [_PROVEN], "missing": [], "consistency": [_HASH]}
    )

    checkpoint: str = Field(description="Signed note; every proof leads to its root.")
    key: str = Field(description="Key that it is signed with, as name+id+key.")
    entries: list[ProvenOnWire]
    missing: list[ReleaseOnWire] = Field(description="Releases that the log does not know, or not for you.")
    consistency: list[str] = Field(description="Hashes that prove that the log continues what had `known_size`.")


class EntriesPage(BaseModel):
    model_config = example({"items": [_ENTRY], "next_cursor": None})

    items: list[EntryOnWire]
    next_cursor: str | None


def read_releases(body: ProofsBody) -> list[ReleaseName]:
    return [ReleaseName(name=one.name, version=one.version) for one in body.releases]


def show_proofs(proofs: Proofs) -> bytes:
    """JSON of the shape of ProofsOnWire."""
    return orjson.dumps(
        {
            "checkpoint": proofs.checkpoint,
            "key": proofs.key,
            "entries": [_show_proven(one) for one in proofs.proven],
            "missing": [{"name": one.name, "version": one.version} for one in proofs.missing],
            "consistency": _hashes(proofs.consistency),
        }
    )


def show_entries(page: Page[Entry]) -> EntriesPage:
    return EntriesPage(items=[EntryOnWire(**_show(entry)) for entry in page.items], next_cursor=page.next_cursor)


def _show_proven(one: Proven) -> dict[str, Any]:
    return {**_show(one.entry), "proof": _hashes(one.proof)}


def _show(entry: Entry) -> dict[str, Any]:
    salt = base64.b64encode(entry.salt).decode() if entry.salt is not None else None
    return {"position": entry.position, "leaf": entry.leaf, "facts": entry.facts, "salt": salt}


def _hashes(hashes: tuple[bytes, ...]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]
