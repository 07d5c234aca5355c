"""Blobs in an S3-compatible bucket, through obstore; created only if absent."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import parse_qsl, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from skillyard.infra.blobs import CHUNK_BYTES, BlobInfo, BlobMissing, copy_checked
from skillyard.infra.errors import Unavailable

_NAME = re.compile(r"[0-9a-f]{64}")
_IN_MEMORY_BYTES = 4 * CHUNK_BYTES
_OPTIONS = frozenset({"endpoint", "region"})


class BlobStoreUnavailable(Unavailable):
    code = "blob_store_unavailable"
    text = "The blob store did not answer."
    hint = "Try again in a moment; the operator finds the cause with `skillyard doctor`."


class S3Blobs:
    """`s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=us-east-1`, shared by all nodes."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        unknown = set(options) - _OPTIONS
        if unknown or not parts.netloc:
            raise ValueError(
                f"SKILLYARD_BLOBS_URL names a bucket and at most {sorted(_OPTIONS)}, not {sorted(unknown)}"
            )
        endpoint = options.get("endpoint")
        self._store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            endpoint=endpoint,
            region=options.get("region", "us-east-1"),
            virtual_hosted_style_request=endpoint is None,
            client_options={"allow_http": True},
        )

    def put(self, sha256: str, source: BinaryIO, size_bytes: int) -> bool:
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as checked:
            copy_checked(source, cast(BinaryIO, checked), sha256, size_bytes)
            checked.seek(0)
            try:
                obstore.put(self._store, sha256, checked, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            except BaseError as error:
                raise BlobStoreUnavailable() from error
        return True

    def open(self, sha256: str) -> BinaryIO:
        copy = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 (the caller closes it)
        try:
            for chunk in obstore.get(self._store, _checked(sha256)).stream(min_chunk_size=CHUNK_BYTES):
                copy.write(chunk)
        except FileNotFoundError as error:
            raise BlobMissing(sha256=sha256) from error
        except BaseError as error:
            raise BlobStoreUnavailable() from error
        copy.seek(0)
        return cast(BinaryIO, copy)

    def read(self, sha256: str) -> bytes:
        with self.open(sha256) as file:
            return file.read()

    def size(self, sha256: str) -> int | None:
        try:
            return int(obstore.head(self._store, _checked(sha256))["size"])
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise BlobStoreUnavailable() from error

    def local_path(self, sha256: str) -> Path | None:  # noqa: ARG002 (an object is no file)
        return None

    def remove(self, sha256: str) -> None:
        try:
            obstore.delete(self._store, _checked(sha256))
        except FileNotFoundError:
            return
        except BaseError as error:
            raise BlobStoreUnavailable() from error

    def list(self) -> Iterator[BlobInfo]:
        try:
            for batch in obstore.list(self._store):
                for item in batch:
                    if _NAME.fullmatch(item["path"]):
                        modified_ms = int(item["last_modified"].timestamp() * 1000)
                        yield BlobInfo(sha256=item["path"], size_bytes=item["size"], modified_ms=modified_ms)
        except BaseError as error:
            raise BlobStoreUnavailable() from error

    def sweep(self, now_ms: int) -> int:  # noqa: ARG002 (as above)
        """An object store shows no half-written object; nothing to remove."""
        return 0


def _checked(sha256: str) -> str:
    if not _NAME.fullmatch(sha256):
        raise BlobMissing(sha256=sha256)
    return sha256
