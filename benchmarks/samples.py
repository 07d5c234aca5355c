"""Skills and npm packages of a given size and shape, and how to publish them without a client in between."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import random
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers import Peer


def skill_folder(
    folder: Path, name: str, *, files: int = 10, file_bytes: int = 2000, dependencies: Mapping[str, str] | None = None
) -> Path:
    """A skill with `files` scripts of `file_bytes` each beside its SKILL.md."""
    chance = random.Random(name)
    (folder / "scripts").mkdir(parents=True, exist_ok=True)
    wanted = ", ".join(f"bench/{other}@{accepted}" for other, accepted in (dependencies or {}).items())
    extra = f'  dependencies: "{wanted}"\n' if wanted else ""
    (folder / "SKILL.md").write_text(
        f"---\nname: {name}\ndescription: Measures how fast a skill such as {name} is served.\nlicense: Apache-2.0\n"
        f'metadata:\n  version: "1.0.0"\n  tags: "bench"\n{extra}---\n\n# {name}\n\n' + "Some words of help.\n" * 60
    )
    for number in range(files):
        (folder / "scripts" / f"part_{number:03}.py").write_text(_text(chance, file_bytes))
    return folder


def _text(chance: random.Random, size: int) -> str:
    words = ["alpha", "beta", "gamma", "delta", "value", "number", "table", "print", "result", "column"]
    text = ""
    while len(text) < size:
        text += f"# {' '.join(chance.choices(words, k=8))} {chance.random()}\n"
    return text[:size]


def publish_skill(peer: Peer, folder: Path) -> None:
    """Publish with our own command line."""
    command = [sys.executable, "-m", "skillyard.cli.main", "publish", str(folder)]
    subprocess.run(command, env=peer.environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def npm_document(
    url: str, name: str, version: str, *, folder: Path | None = None, dependencies: Mapping[str, str] | None = None
) -> bytes:
    """The body with which npm publishes: the package document with its tarball inside."""
    tarball = _npm_tarball(name, version, folder, dependencies or {})
    manifest = {
        "name": name,
        "version": version,
        "description": f"Measures how fast a package such as {name} is served.",
        "readme": "Some words of help.\n" * 60,
        "dependencies": dict(dependencies or {}),
        "dist": {
            "shasum": hashlib.sha1(tarball).hexdigest(),
            "integrity": "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode(),
            "tarball": f"{url}/{name}/-/{name}-{version}.tgz",
        },
    }
    document = {
        "_id": name,
        "name": name,
        "dist-tags": {"latest": version},
        "versions": {version: manifest},
        "_attachments": {
            f"{name}-{version}.tgz": {
                "content_type": "application/octet-stream",
                "data": base64.b64encode(tarball).decode(),
                "length": len(tarball),
            }
        },
    }
    return json.dumps(document).encode()


def publish_npm(
    peer: Peer, name: str, version: str, *, folder: Path | None = None, dependencies: Mapping[str, str] | None = None
) -> None:
    body = npm_document(peer.url, name, version, folder=folder, dependencies=dependencies)
    put_npm(peer, name, body)


def put_npm(peer: Peer, name: str, body: bytes) -> None:
    request = urllib.request.Request(
        f"{peer.url}/{name}", data=body, method="PUT", headers={"content-type": "application/json"}
    )
    urllib.request.urlopen(request).read()


def _npm_tarball(name: str, version: str, folder: Path | None, dependencies: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    package = json.dumps({"name": name, "version": version, "dependencies": dict(dependencies)}).encode()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        _add(tar, "package/package.json", package)
        for path in sorted(folder.rglob("*")) if folder else ():
            if path.is_file() and folder:
                _add(tar, f"package/{path.relative_to(folder)}", path.read_bytes())
    return out.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
