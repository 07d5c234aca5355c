"""The command lines of coding agents, as their vendors publish them, in homes of their own and without any network but
this machine.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.tools import node, npm_install

CLAUDE, COPILOT, CODEX = "2.1.329", "1.0.102", "0.169.0"
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Agent:
    """`program`: what to run."""

    program: Path
    home: Path

    @property
    def name(self) -> str:
        return self.program.name

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Both streams; fails unless the program ends as expected."""
        self.home.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [str(self.program), *arguments], cwd=self.home, env=self._environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == expect, f"{self.name} {' '.join(arguments)}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NOWHERE)
        return kept | proxies | {
            "HOME": str(self.home),
            "PATH": f"{node().parent}{os.pathsep}{os.environ['PATH']}",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
        }  # fmt: skip


def claude(home: Path) -> Agent:
    return _agent("@anthropic-ai/claude-code", CLAUDE, "@anthropic-ai/claude-code-*/claude", home)


def copilot(home: Path) -> Agent:
    return _agent("@github/copilot", COPILOT, "@github/copilot-*/copilot", home)


def codex(home: Path) -> Agent:
    return _agent("@openai/codex", CODEX, "@openai/codex-*/vendor/*/bin/codex", home)


def _agent(package: str, version: str, program: str, home: Path) -> Agent:
    """`program`: its place below `node_modules`, where npm puts the one for this machine."""
    [found] = (npm_install(package, version) / "node_modules").glob(program)
    return Agent(found, home)
