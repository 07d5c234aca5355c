"""Notes the version of each integration that comes with the registry: `python catalog/versions.py`.

`versions.txt` has a line for every version that ever was, with the digest of its file. Each call is kept with the
version that it went by, so none may come to mean something else: a file that changed gets the next version.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from skillyard.domain.gateway.catalog.integration_file import read_integration

FOLDER = Path(__file__).parents[1] / "src" / "skillyard" / "domain" / "gateway" / "catalog" / "integrations"
NOTED = FOLDER / "versions.txt"
Versions = dict[tuple[str, int], str]
"""Digest by name and version."""


def read_noted() -> Versions:
    lines = NOTED.read_text(encoding="utf-8").splitlines() if NOTED.exists() else []
    return {(slug, int(version)): digest for slug, version, digest in map(str.split, lines)}


def read_files() -> Versions:
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yaml"))}
    return {
        (path.stem, read_integration(text, file=path.name).version): sha256(text.encode()).hexdigest()
        for path, text in texts.items()
    }


def main() -> int:
    noted = read_noted()
    for (slug, version), digest in read_files().items():
        if noted.setdefault((slug, version), digest) != digest:
            print(f"{slug}.yaml is no longer what it was as version {version}: write version: {version + 1} into it")
            return 1
    lines = [f"{slug} {version} {digest}\n" for (slug, version), digest in sorted(noted.items())]
    NOTED.write_text("".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
