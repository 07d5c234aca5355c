"""A resolved closure on the wire."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import example
from skillyard.api.native.wire.releases import (
    FILE_EXAMPLE,
    SUMMARY_EXAMPLE,
    FileOnWire,
    ReleaseSummaryOnWire,
    show_summary,
)
from skillyard.domain.registry.resolve import Closure, Package
from skillyard.skill.digest import FileEntry

_MOST = 1000
_PACKAGE = {**SUMMARY_EXAMPLE, "files": [FILE_EXAMPLE], "requested_by": [""]}


class ResolveBody(BaseModel):
    model_config = example(
        {"requirements": {"acme/pdf": "^1.0.0", "acme/report": "next"}, "locked": {"acme/text": "1.2.0"}}, closed=True
    )

    requirements: dict[str, str] = Field(
        max_length=_MOST, description="Skill → range of versions, as npm writes them, or a channel."
    )
    locked: dict[str, str] = Field(
        default_factory=dict, max_length=_MOST, description="Skill → version that is kept where it still fits."
    )
    min_age_seconds: int = Field(
        default=0, ge=0, le=10 * 365 * 86400, description="Pass over younger releases, unless they are locked."
    )


class PackageOnWire(ReleaseSummaryOnWire):
    model_config = example(_PACKAGE)

    files: list[FileOnWire]
    requested_by: list[str] = Field(description="The skills that need it; an empty name is the request itself.")


class ClosureOnWire(BaseModel):
    model_config = example({"packages": [_PACKAGE], "roots": {"acme/pdf": "1.4.0"}})

    packages: list[PackageOnWire]
    roots: dict[str, str] = Field(description="The version of each skill that was asked for.")


def show_closure(closure: Closure, address: str) -> dict[str, Any]:
    """Plain values of the shape of ClosureOnWire: there may be thousands of files."""
    return {"packages": [_show(package, address) for package in closure.packages], "roots": dict(closure.roots)}


def _show(package: Package, address: str) -> dict[str, Any]:
    return {
        **show_summary(package.release, address).model_dump(),
        "files": [_show_file(file) for file in package.release.files],
        "requested_by": list(package.requested_by),
    }


def _show_file(file: FileEntry) -> dict[str, Any]:
    return {
        "path": file.path,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "executable": file.executable,
    }
