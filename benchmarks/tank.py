"""Tank's API as its clients use it: reads and searches at 16 connections, and a publish with the full scan.

Beside each figure stands what Tank's own registry reached on the same kind of machine. python -m benchmarks.tank
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import itertools
import json
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.measure import Result, alternate, report
from benchmarks.peers import Peer, debian_program, requests_per_second, skillyard
from benchmarks.search import ACTIONS, TOPICS
from skillyard.skill.archive import pack, skill_files

SKILLS = 400
FILES = 10
CONNECTIONS = 16
INDEXED_AFTER_S = 2
# Tank's registry, June 2026: requests per second at 16 connections, and milliseconds from publish to confirmed.
THEIRS = {"metadata": 1092.0, "version detail": 530.0, "search": 224.0, "publish": 621.0}
SCRIPT = """
local words = {%s}
local at = 0
request = function()
  at = at + 1
  return wrk.format("GET", "%s/search?limit=20&q=" .. words[at %% #words + 1])
end
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with skillyard(folder / "ours") as ours:
            config = json.loads((folder / "ours" / "config" / "config.json").read_text())
            client = _Client(ours, next(iter(config["logins"].values()))["token"])
            chance = random.Random(3)
            slugs = [f"{chance.choice(TOPICS)}-{chance.choice(ACTIONS)}-{number}" for number in range(SKILLS)]
            for slug in slugs:
                client.publish(slug, _files(chance))
            client.publish("document", _files(chance))
            time.sleep(INDEXED_AFTER_S)  # the index follows within a quarter second
            _report_reads(ours, folder, slugs)
            _report_publish(client, chance)


def _report_reads(ours: Peer, folder: Path, slugs: Sequence[str]) -> None:
    base = f"{ours.url}/tank/api/v1"
    skill = f"{base}/skills/%40bench%2Fdocument"
    results = alternate(
        {
            "metadata": lambda: requests_per_second(skill),
            "version detail": lambda: requests_per_second(f"{skill}/1.0.0"),
            "search, one query": lambda: requests_per_second(f"{base}/search?q=pdf&limit=20"),
            "search, each another": lambda: _searches_per_second(base, folder, _queries(slugs)),
            "search, few have all words": lambda: _searches_per_second(base, folder, _far_queries()),
        },
        unit="requests/s",
    )
    ratios = {
        "metadata / theirs": (results["metadata"].median / THEIRS["metadata"], ">= 5"),
        "detail / theirs": (results["version detail"].median / THEIRS["version detail"], ">= 5"),
        "search / theirs": (results["search, each another"].median / THEIRS["search"], ">= 10"),
    }
    report(f"Tank's reads at {CONNECTIONS} connections, {SKILLS} skills", results, ratios)


def _queries(slugs: Sequence[str]) -> list[str]:
    """Words of skills that there are, the last one often a beginning: more of them than answers are kept."""
    found = set()
    for topic, action, number in (slug.split("-") for slug in slugs):
        found |= {f"{topic}%20{action[:length]}" for length in range(1, len(action) + 1)}
        found |= {f"{action}%20{number}", f"{topic}%20{number}", f"{topic}%20{action}%20{number}"}
    return list(found)


def _far_queries() -> list[str]:
    """Pairs of words that mostly do not come together: the search goes on to typing errors, then to any of them."""
    pairs = [(one, other) for one, other in itertools.product(TOPICS, TOPICS + ACTIONS) if one != other]
    return [f"{one}%20{other[:length]}" for one, other in pairs for length in range(3, len(other) + 1)]


def _searches_per_second(base: str, folder: Path, queries: list[str]) -> float:
    random.shuffle(queries)
    script = folder / "searches.lua"
    path = urlsplit(base).path
    script.write_text(SCRIPT % (", ".join(f'"{text}"' for text in queries), path))
    command = [debian_program("wrk"), "-t1", f"-c{CONNECTIONS}", "-d2s", "-s", str(script), base]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(f"searches were not answered well:\n{out}")
    return float(next(line.split()[1] for line in out.splitlines() if line.startswith("Requests/sec")))


def _report_publish(client: _Client, chance: random.Random) -> None:
    whole, confirming = [], []
    for number in range(30):
        files = _files(chance)
        began = time.perf_counter()
        confirming.append(client.publish(f"published-{number}", files))
        whole.append((time.perf_counter() - began) * 1000)
    results = {
        "publish to confirmed": Result("publish to confirmed", "ms", tuple(whole)),
        "confirm alone": Result("confirm alone", "ms", tuple(confirming)),
    }
    ratios = {
        "median ms, confirm": (statistics.median(confirming), "< 150"),
        "theirs / ours": (THEIRS["publish"] / statistics.median(whole), ">= 4"),
    }
    report(f"publish of {FILES} files with the full scan", results, ratios)


def _files(chance: random.Random) -> dict[str, str]:
    """Prose, code and data, some kilobytes of each, as skills have them; SKILL.md and tank.json come on top."""
    words = " ".join(chance.choices(TOPICS + ACTIONS, k=400))
    code = "\n".join(
        f"def step_{number}(path):\n    with open(path) as source:\n        return [line.strip() for line in source]\n"
        for number in range(30)
    )
    shell = "#!/bin/sh\nset -eu\n" + "".join(f'echo "step {number} of $1"\n' for number in range(40))
    return {
        **{f"references/part-{number}.md": f"# Part {number}\n\n{words}\n" for number in range(3)},
        **{f"scripts/step_{number}.py": code for number in range(2)},
        "scripts/run.sh": shell,
        "assets/table.csv": "a,b,c\n" * 500,
        "assets/settings.json": json.dumps({"words": words.split()[:100]}),
    }


class _Client:
    """As Tank's command line publishes: three requests."""

    def __init__(self, peer: Peer, token: str) -> None:
        address = urlsplit(peer.url)
        self._address = (address.hostname or "", address.port)
        self._token = token

    def publish(self, slug: str, files: Mapping[str, str]) -> float:
        """How many milliseconds the confirmation took."""
        manifest = {"name": f"@bench/{slug}", "version": "1.0.0", "description": f"Does {slug.replace('-', ' ')}."}
        front = f"---\nname: {slug}\ndescription: {manifest['description']}\n---\n\n# {slug}\n"
        texts = {"SKILL.md": front, "tank.json": json.dumps(manifest), **files}
        assert len(texts) == FILES
        packed = pack(skill_files({path: text.encode() for path, text in texts.items()}), format="tar.gz")
        started = self._post("/skills", {"manifest": manifest, "readme": front, "files": [*texts]})
        upload = urlsplit(started["uploadUrl"])
        self._send("PUT", f"{upload.path}?{upload.query}", packed, {"content-type": "application/octet-stream"})
        claim = {
            "versionId": started["versionId"],
            "integrity": "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode(),
            "fileCount": len(texts),
            "tarballSize": sum(len(text.encode()) for text in texts.values()),
        }
        began = time.perf_counter()
        self._post("/skills/confirm", claim)
        return (time.perf_counter() - began) * 1000

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._token}"}
        return self._send("POST", f"/tank/api/v1{path}", json.dumps(body).encode(), headers)

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Any:
        with contextlib.closing(http.client.HTTPConnection(*self._address)) as connection:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {text!r}")
        return json.loads(text)


if __name__ == "__main__":
    main()
