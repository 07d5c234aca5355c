"""A place that isolates programs in a way of its own, for carriers to run in: bubblewrap alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from skillyard.sandbox.programs import find_bubblewrap, find_program, system_folders


def elsewhere(
    command: list[str], *, files: Mapping[str, Path] | None = None, has_network: bool = False
) -> subprocess.Popen[bytes]:
    """Start a command as the first process of a place with no network and folders of its own: /work, /skill, /deps and
    /tmp. `files` are seen there, read-only. Its standard streams are pipes.
    """
    found = find_bubblewrap()
    assert found
    programs = [program for name in ("python", "node") if (program := find_program(name))]
    homes = {program.home for program in programs if program.home}
    path = ":".join([*(str(Path(program.file).parent) for program in programs), "/usr/local/bin", "/usr/bin", "/bin"])
    options = [
        "--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--as-pid-1", "--die-with-parent",
        "--new-session", "--cap-drop", "ALL", "--clearenv", "--setenv", "PATH", path,
        *(["--share-net"] if has_network else []),
        *(word for folder in system_folders() for word in _system(folder)),
        *(word for home in homes for word in ("--ro-bind", home, home)),
        "--proc", "/proc", "--dev", "/dev", "--chdir", "/",
        *(word for folder in ("/work", "/skill", "/deps", "/tmp") for word in ("--tmpfs", folder)),
        *(word for place, file in (files or {}).items() for word in ("--ro-bind", str(file), place)),
    ]  # fmt: skip
    inside = [str(programs[0].file), *command[1:]] if command[0] == "python3" else command
    return subprocess.Popen(
        [found[0], *options, "--", *inside],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        env={},
    )


def _system(folder: str) -> list[str]:
    if Path(folder).is_symlink():
        return ["--symlink", os.readlink(folder), folder]  # noqa: PTH115 (text, as it is)
    return ["--ro-bind", folder, folder]
