"""Verbs that need the server's own code: each runs as a process of its own, so that the client never loads it."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

from cyclopts import Parameter

Rest = Annotated[str, Parameter(allow_leading_hyphen=True, show=False)]


def serve(*rest: Rest) -> NoReturn:
    """Keep a server running. Options: --host, --port, --data-dir, --public-url, --no-worker, --json."""
    _operate("serve", rest)


def worker(*rest: Rest) -> NoReturn:
    """Run jobs only, beside servers that share the database. Options: --data-dir."""
    _operate("worker", rest)


def doctor(*rest: Rest) -> NoReturn:
    """Check this machine's instance: storage, schema, clock, archives, jobs. Options: --data-dir, --json."""
    _operate("doctor", rest)


def backup(*rest: Rest) -> NoReturn:
    """Write a consistent copy of everything to FILE, also while the server runs. Options: --data-dir, --json."""
    _operate("backup", rest)


def restore(*rest: Rest) -> NoReturn:
    """Check the backup FILE and fill this empty instance with it. Options: --data-dir, --json."""
    _operate("restore", rest)


def sign_in_link(*rest: Rest) -> NoReturn:
    """Print a one-time sign-in link for USERNAME, or an invitation. Options: --data-dir, --json."""
    _operate("sign-in-link", rest)


def _operate(verb: str, rest: tuple[str, ...]) -> NoReturn:
    arguments = [sys.executable, "-m", "skillyard.operate", verb, *rest]
    os.execv(sys.executable, arguments)  # noqa: S606 (our own interpreter, no shell)
