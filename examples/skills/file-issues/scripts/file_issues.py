#!/usr/bin/env python3
"""Opens a GitHub issue for each section of a Markdown file, unless an open issue has its title already.

The gateway of the registry calls GitHub; what stands in the environment names this run, and opens nothing else."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECTION = re.compile(r"^## +(.+?) *#*$", re.MULTILINE)
_FENCED = re.compile(r"^(```|~~~).*?^\1 *$", re.MULTILINE | re.DOTALL)
_PATIENCE_S = 90


class Refused(Exception):
    """The gateway, or GitHub, does not do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    title: str
    text: str


def findings(text: str) -> Iterator[Finding]:
    """The sections of the second level; what looks like a heading in a code block is none."""
    covered = _FENCED.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), text)
    heads = list(_SECTION.finditer(covered))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        end = following.start() if following else len(text)
        yield Finding(title=text[head.start(1) : head.end(1)], text=text[head.end() : end].strip())


def call(action: str, params: dict[str, Any]) -> dict[str, Any]:
    """What GitHub answers, under `data`, and in `meta` where the next page is. Raises Refused."""
    integration, _, endpoint = action.partition(".")
    request = urllib.request.Request(  # noqa: S310 (the address is that of the gateway)
        f"{os.environ['SKILLYARD_GATEWAY']}/v1/{integration}/{endpoint}",
        json.dumps({"params": params}).encode(),
        {"authorization": f"Bearer {os.environ['SKILLYARD_LEASE']}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
            said: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refused(_reason(error.read())) from None
    except urllib.error.URLError as error:
        raise Refused(f"The gateway cannot be reached: {error.reason}") from None
    if said["status"] >= 400:
        raise Refused(f"GitHub refuses {action} with status {said['status']}: {json.dumps(said['data'])[:500]}")
    return said


def open_issues(repo: str) -> dict[str, int]:
    """The number of each open issue, by its title."""
    found: dict[str, int] = {}
    params: dict[str, Any] | None = {"repo": repo, "state": "open", "per_page": 100}
    while params is not None:
        said = call("github.list_issues", params)
        found |= {issue["title"]: issue["number"] for issue in said["data"] if "pull_request" not in issue}
        following = said["meta"].get("page")
        params = params | following if following else None
    return found


def _reason(body: bytes) -> str:
    """What the gateway says, with the address where a person can mend it."""
    try:
        said = json.loads(body)
        parts = (said["message"], said.get("hint"), said.get("action_url"))
    except (ValueError, KeyError, TypeError):
        return "The gateway refuses, and does not say why."
    return " ".join(part for part in parts if part)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("findings", type=Path, help="a Markdown file with a section for each issue")
    parser.add_argument("--repo", required=True, help="owner and name, as acme/webapp")
    parser.add_argument("--label", action="append", default=[], help="a label for each new issue; repeatable")
    parser.add_argument("--dry-run", action="store_true", help="open nothing, say what would be opened")
    given = parser.parse_args()
    if not {"SKILLYARD_GATEWAY", "SKILLYARD_LEASE"} <= os.environ.keys():
        parser.error("there is no gateway here; run it with `skillyard run`")
    wanted = list(findings(given.findings.read_text(encoding="utf-8")))
    try:
        _file(wanted, given.repo, given.label, dry_run=given.dry_run)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 3
    return 0


def _file(wanted: list[Finding], repo: str, labels: list[str], *, dry_run: bool) -> None:
    known = open_issues(repo)
    there = [finding for finding in wanted if finding.title in known]
    missing = [finding for finding in wanted if finding.title not in known]
    for finding in there:
        print(f"there is #{known[finding.title]} {finding.title}")
    for finding in missing:
        print(f"would open {finding.title}" if dry_run else _open(finding, repo, labels), flush=True)
    print(f"{len(missing)} {'to open' if dry_run else 'opened'}, {len(there)} there already")


def _open(finding: Finding, repo: str, labels: list[str]) -> str:
    params = {"repo": repo, "title": finding.title, "body": finding.text, "labels": labels}
    issue = call("github.create_issue", params)["data"]
    return f"opened #{issue['number']} {finding.title}"


if __name__ == "__main__":
    sys.exit(main())
