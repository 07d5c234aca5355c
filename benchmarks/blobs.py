"""Download of a 1 MB archive beside nginx with the same bytes in a file.

python -m benchmarks.blobs
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from pathlib import Path

from benchmarks.measure import alternate, ratio, report
from benchmarks.peers import nginx, requests_per_second, skillyard
from benchmarks.samples import publish_skill, skill_folder


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        with skillyard(folder / "ours") as ours:
            publish_skill(ours, skill_folder(folder / "skill", "large", files=1, file_bytes=1024 * 1024))
            document = json.load(urllib.request.urlopen(f"{ours.url}/api/v1/skills/bench/large"))
            url = document["latest"]["archive"]["url"]
            root = folder / "www"
            root.mkdir()
            body = urllib.request.urlopen(url).read()
            (root / "large.zip").write_bytes(body)
            megabytes = len(body) / 1e6
            with nginx(folder / "nginx", root) as static:
                results = alternate(
                    {
                        "skillyard": lambda: megabytes * requests_per_second(url),
                        "nginx": lambda: megabytes * requests_per_second(f"{static.url}/large.zip"),
                    },
                    unit="MB/s",
                )
    report(
        "1 MB archive download",
        results,
        {"/ nginx": (ratio(results["skillyard"], results["nginx"]), ">= 0.5, aim 0.9")},
    )


if __name__ == "__main__":
    main()
