"""The command line without a process for each command, for tests that type many."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from unittest import mock

from skillyard.cli.main import main
from tests.journeys.running import User


class Typist(User):
    """Types in this process, with the environment, the folder and the streams of one of their own."""

    def run(self, *arguments: str, expect: int = 0, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        self.project.mkdir(parents=True, exist_ok=True)
        out, err, code = io.StringIO(), io.StringIO(), 0
        with contextlib.ExitStack() as here:
            here.enter_context(mock.patch.dict(os.environ, self.environment, clear=True))
            here.enter_context(mock.patch.object(sys, "argv", ["skillyard", *arguments]))
            here.enter_context(mock.patch.object(sys, "stdin", io.StringIO(stdin or "")))
            here.enter_context(contextlib.chdir(self.project))
            here.enter_context(contextlib.redirect_stdout(out))
            here.enter_context(contextlib.redirect_stderr(err))
            try:
                main()
            except SystemExit as left:
                code = int(left.code or 0)
        said, talked = out.getvalue(), err.getvalue()
        assert code == expect, f"{arguments}: {code}\n{said}\n{talked}"
        return subprocess.CompletedProcess(arguments, code, said, talked)
