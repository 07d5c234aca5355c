"""Fetches the published packages that carry skills, as `benign.toml` pins them, into a cache; runs nothing of them."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from tests.tools import node, npm

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "scan"
BENIGN = Path(__file__).with_name("benign.toml")
_PATIENCE_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A release of `registry` ("npm" or "pypi"). `skills` are folders inside; `use` is "tune" or "held_out"."""

    registry: str
    name: str
    version: str
    integrity: str
    use: str
    skills: tuple[str, ...]

    def fetch(self) -> Mapping[str, bytes]:
        """The files of the archive by path. Raises ValueError when it is not the one that was pinned."""
        archive = self._archive()
        data = archive.read_bytes()
        if integrity(data) != self.integrity:
            raise ValueError(f"{archive} is not the {self.name} {self.version} that {BENIGN.name} pins")
        return unpack(archive.name, data)

    def _archive(self) -> Path:
        folder = CACHE / "packages" / f"{self.registry}-{self.name.replace('/', '__')}-{self.version}"
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock"):
            if not (found := _archives(folder)):
                download(self.registry, self.name, self.version, folder)
                found = _archives(folder)
        return found[0]


def pinned() -> list[Package]:
    """The packages of `benign.toml`."""
    tables = tomllib.loads(BENIGN.read_text(encoding="utf-8"))["package"]
    return [Package(**table | {"skills": tuple(table["skills"])}) for table in tables]


def download(registry: str, name: str, version: str, folder: Path) -> None:
    """Put the archive of a release into `folder`, without building or installing it."""
    if registry == "npm":
        command = [*npm(), "pack", "--ignore-scripts", "--silent", f"{name}@{version}"]
        environment = {"PATH": f"{node().parent}:/usr/bin:/bin", "HOME": str(Path.home())}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=_PATIENCE_S)
    else:
        command = [str(python() / "pip"), "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(folder)]
        subprocess.run([*command, f"{name}=={version}"], check=True, capture_output=True, timeout=_PATIENCE_S)


def python() -> Path:
    """The folder of programs of an environment of its own, kept in the cache, that has pip."""
    home = CACHE / "python"
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / "python.lock"):
        if not (home / "bin" / "pip").exists():
            venv.create(home, with_pip=True)
    return home / "bin"


def unpack(name: str, data: bytes) -> dict[str, bytes]:
    """The regular files of a wheel or an npm archive, in memory."""
    if name.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(data)) as wheel:
            return {entry.filename: wheel.read(entry) for entry in wheel.infolist() if not entry.is_dir()}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive if member.isfile())
        return {path: file.read() for path, file in files if file}


def skill_in(files: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    """The files of the skill in `folder`, by their path in it."""
    return {path[len(folder) + 1 :]: data for path, data in files.items() if path.startswith(f"{folder}/")}


def integrity(data: bytes) -> str:
    """As npm writes it: the algorithm and the digest in base64."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def _archives(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix in (".tgz", ".whl")]
