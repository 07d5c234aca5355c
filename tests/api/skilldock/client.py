"""SkillDock's published command line as a process, on a machine of its own: its configuration and project."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.journeys.running import clean_environment

COMMAND = str(Path(sys.executable).with_name("skilldock"))


@dataclass(frozen=True)
class SkillDock:
    """`base`: the address that its environment points to. `token`: in its environment, beside what is configured."""

    home: Path
    base: str
    token: str | None = None
    more: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        folder = self.home / "project"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in clean_environment().items() if not name.startswith("SKILLDOCK_")}
        own |= {"HOME": str(self.home), "SKILLDOCK_CONFIG_PATH": str(self.home / "config.json")}
        own |= {"SKILLDOCK_BASE_URL": self.base, "COLUMNS": "400", "BROWSER": "true"}
        return own | ({"SKILLDOCK_TOKEN": self.token} if self.token else {}) | self.more

    def run(self, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        """Run `skilldock …` in the project; fails unless it ends as expected."""
        done = subprocess.run(
            [COMMAND, *arguments], cwd=self.project, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def data(self, *arguments: str, expect: int = 0) -> Any:
        """What the command prints with --json."""
        return json.loads(self.run(*arguments, "--json", expect=expect).stdout)

    def refused(self, *arguments: str) -> str:
        """What the command says when it fails."""
        done = self.run(*arguments, expect=1)
        assert "Traceback" not in done.stderr
        return " ".join((done.stdout + done.stderr).split())

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [COMMAND, *arguments], cwd=self.project, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def write_skill(
        self, slug: str, *, version: str | None = "1.0.0", description: str = "Does X. Use it in tests.",
        name: str | None = None, tags: str = "", body: str = "# How to use it", files: dict[str, str] | None = None,
    ) -> Path:  # fmt: skip
        """A skill as the client's own documentation writes it: version and tags at the top of the front matter."""
        folder = self.project / "work" / slug
        lines = [f"name: {name or slug}", f"description: {description}"]
        lines += [f"version: {version}"] if version else []
        texts = {"SKILL.md": "---\n" + "\n".join(lines) + f"\n{tags}---\n\n{body}\n", **(files or {})}
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    def upload(self, skill: str, *more: str, version: str | None = None, **written: Any) -> Any:
        """Write and upload a skill; the answer."""
        namespace, _, slug = skill.partition("/")
        folder = self.write_skill(slug, **written)
        arguments = ["skill", "upload", "--namespace", namespace, "--slug", slug, "--path", str(folder), *more]
        return self.data(*arguments, *(["--version", version] if version else []))
