"""Debian's Chromium for the tests that need a real browser; installed when it is not there."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


@contextlib.contextmanager
def a_browser() -> Iterator[Browser]:
    """A headless Chromium. Fails the test, and says what to do, where there is none and none can be installed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_program())
        yield browser
        browser.close()


def _program() -> str:
    with FileLock(Path(tempfile.gettempdir()) / f"skillyard-tests-chromium-{os.getuid()}.lock"):
        if not _found():
            _install()
    found = _found()
    if found is None:
        pytest.fail("These tests need Chromium, and `apt-get install chromium` did not bring it; install it yourself.")
    return found


def _found() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _install() -> None:
    as_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        command = [*as_root, "apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq", *arguments]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=600)
        except FileNotFoundError:
            pytest.fail(f"These tests need Chromium, and there is no `{command[0]}` to install it with.")
        except subprocess.CalledProcessError as error:
            pytest.fail(f"These tests need Chromium; `{' '.join(command)}` failed:\n{error.stderr}")
