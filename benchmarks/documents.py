"""GET of a skill's document beside verdaccio's package document, and beside nginx with the same bytes in a file.

python -m benchmarks.documents
"""

from __future__ import annotations

import tempfile
import urllib.request
from pathlib import Path

from benchmarks.measure import alternate, ratio, report
from benchmarks.peers import nginx, requests_per_second, skillyard, verdaccio
from benchmarks.samples import publish_npm, publish_skill, skill_folder


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        with skillyard(folder / "ours") as ours, verdaccio(folder / "verdaccio") as theirs:
            publish_skill(ours, skill_folder(folder / "skill", "document"))
            publish_npm(theirs, "document", "1.0.0")
            ours_url = f"{ours.url}/api/v1/skills/bench/document"
            root = folder / "www"
            root.mkdir()
            body = urllib.request.urlopen(ours_url).read()
            (root / "document.json").write_bytes(body)
            with nginx(folder / "nginx", root) as static:
                results = alternate(
                    {
                        "skillyard": lambda: requests_per_second(ours_url),
                        "verdaccio": lambda: requests_per_second(f"{theirs.url}/document"),
                        "nginx, same bytes": lambda: requests_per_second(f"{static.url}/document.json"),
                    },
                    unit="requests/s",
                )
    ratios = {
        "/ verdaccio": (ratio(results["skillyard"], results["verdaccio"]), ">= 5, aim 10"),
        "/ nginx": (ratio(results["skillyard"], results["nginx, same bytes"]), ">= 0.20, aim 0.45"),
    }
    report(f"skill document GET ({len(body)} bytes)", results, ratios)


if __name__ == "__main__":
    main()
