"""Content-addressed bytes, written once: plain files on one machine, any S3 for many.

The stores are in `blobs_local.py` and `blobs_s3.py`; both pass the same contract suite.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

from skillyard.infra.errors import Invalid, Unavailable

CHUNK_BYTES = 1024 * 1024


class BlobMissing(Unavailable):
    code = "blob_missing"
    text = "The content {sha256} is not in the store."
    hint = "The operator finds what is missing with `skillyard doctor`, and restores it from a backup."


class BlobMismatch(Invalid):
    code = "blob_mismatch"
    text = "The bytes hash to {found}, not to {sha256}."
    hint = "Send the bytes that were announced."


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobInfo:
    sha256: str
    size_bytes: int
    modified_ms: int


class BlobStore(Protocol):
    """Thread-safe. A blob is whole or not there; what is there never changes."""

    def put(self, sha256: str, source: BinaryIO, size_bytes: int) -> bool:
        """Store the bytes of `source` durably unless they are there; True when they were new.

        Raises BlobMismatch, and stores nothing, when they do not hash to `sha256` or have another size.
        """
        ...

    def open(self, sha256: str) -> BinaryIO:
        """The bytes as a seekable file, to be closed by the caller. Raises BlobMissing."""
        ...

    def read(self, sha256: str) -> bytes: ...

    def size(self, sha256: str) -> int | None:
        """How many bytes; None when it is not there."""
        ...

    def local_path(self, sha256: str) -> Path | None:
        """The file, where a blob is a file that the web server can send by itself."""
        ...

    def remove(self, sha256: str) -> None:
        """Remove it; nothing happens when it is not there."""
        ...

    def list(self) -> Iterator[BlobInfo]: ...

    def sweep(self, now_ms: int) -> int:
        """Remove what writers that died left behind; how many."""
        ...


def open_blobs(url: str) -> BlobStore:
    """`file:///folder` or `s3://bucket/prefix?endpoint=…&region=…`; S3 credentials come from the AWS_… variables.

    Raises ValueError for anything else.
    """
    scheme = urlsplit(url).scheme
    if scheme == "file":
        from skillyard.infra.blobs_local import LocalBlobs

        return LocalBlobs(Path(urlsplit(url).path))
    if scheme == "s3":
        from skillyard.infra.blobs_s3 import S3Blobs

        return S3Blobs(url)
    raise ValueError(f"SKILLYARD_BLOBS_URL must begin with file:/// or s3://, not {scheme!r}://")


def copy_checked(source: BinaryIO, target: BinaryIO, sha256: str, size_bytes: int) -> None:
    """Copy at most `size_bytes`; raises BlobMismatch unless exactly the announced bytes came."""
    digest = hashlib.sha256()
    left = size_bytes
    while chunk := source.read(min(CHUNK_BYTES, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise BlobMismatch(sha256=sha256, found=f"more than {size_bytes} bytes")
        digest.update(chunk)
        target.write(chunk)
    if left or digest.hexdigest() != sha256:
        raise BlobMismatch(sha256=sha256, found=digest.hexdigest())
