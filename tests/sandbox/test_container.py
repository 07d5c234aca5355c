"""The container engine's command line: what it is asked for, and the reasons for which a server does without it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.kinds.container import options_of
from skillyard.sandbox.model import Limits, SandboxUnavailable, Task
from skillyard.skill.permissions import Permissions

_MIB = 1024 * 1024


def _task(**more: object) -> Task:
    return Task(arguments=("python", "x.py"), workspace=Path("/srv/work"), **more)  # type: ignore[arg-type]


def test_a_machine_without_an_engine_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="there is no docker and no podman here"):
        open_sandbox("container")


@pytest.mark.parametrize("said", ["Cannot connect to the Docker daemon", "permission denied"])
def test_an_engine_that_does_not_answer_is_quoted(tmp_path: Path, said: str) -> None:
    engine = tmp_path / "engine"
    engine.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    engine.chmod(0o755)
    with pytest.raises(SandboxUnavailable, match=said):
        open_sandbox("container", options={"engine": str(engine)})


def test_an_image_that_is_not_there_is_named_and_not_pulled(tmp_path: Path) -> None:
    engine = tmp_path / "engine"
    engine.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n[ "$1" != image ] || exit 1\necho 9.9\n')
    engine.chmod(0o755)
    with pytest.raises(SandboxUnavailable, match="the image python:x is not here") as caught:
        open_sandbox("container", options={"engine": str(engine), "image": "python:x"})
    assert "pull python:x" in caught.value.hint
    assert "pull" not in (tmp_path / "asked").read_text()


def test_a_container_gets_no_more_than_the_task_may() -> None:
    limits = Limits(memory_bytes=100 * _MIB, disk_bytes=10 * _MIB, processes=5)
    options = options_of(_task(limits=limits), "name", "", None)
    assert {"--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"} <= set(options)
    assert {"--user=65534:65534", "--pids-limit=13", f"--memory={110 * _MIB}b", f"--memory-swap={110 * _MIB}b"} <= set(
        options
    )
    assert not any(
        option.startswith(("--mount", "--volume", "--privileged", "--env", "--runtime")) for option in options
    )


def test_a_layer_and_the_proxy_are_seen_read_only_and_gvisor_is_asked_for() -> None:
    task = _task(layer=Path("/srv/layer"), permissions=Permissions(network_outbound=("api.test",)))
    options = options_of(task, "name", "runsc", "/run/proxy-1")
    assert "--runtime=runsc" in options
    mounts = [option for option in options if option.startswith("--mount")]
    assert len(mounts) == 2
    assert all(mount.endswith(",readonly") for mount in mounts)
    assert "--network=none" in options


def test_the_engines_that_are_here_know_every_option() -> None:
    """They read them before they look for their daemon, and an image that is nowhere."""
    task = _task(permissions=Permissions(network_outbound=("api.test",)))
    for engine in filter(None, map(shutil.which, ("docker",))):
        asked = subprocess.run(
            [engine, *options_of(task, "name", "runsc", "/tmp"), "no.such/image", "x"],
            capture_output=True, text=True, timeout=20, check=False, env={**os.environ, "DOCKER_HOST": "unix:///none"},
        )  # fmt: skip
        assert "annot connect" in asked.stderr
