"""Runs every benchmark, one after the other: `python -m benchmarks [NAME …]`."""

from __future__ import annotations

import importlib
import sys

ALL = (
    "documents",
    "blobs",
    "publish",
    "install",
    "resolve",
    "search",
    "durability",
    "jobs",
    "startup",
    "tank",
    "log",
    "ledger",
    "runs",
    "run_queue",
    "invocation_queue",
    "board",
    "sync",
    "gateway",
)


def main() -> None:
    for name in sys.argv[1:] or ALL:
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
