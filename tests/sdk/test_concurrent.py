"""Two runs in one project: one waits for the other, and both count."""

import subprocess
import sys
import threading

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.disk import file_lock
from skillyard.sdk.errors import Busy
from skillyard.sdk.install import Options, install
from skillyard.sdk.run import start_run
from skillyard.sdk.status import verify

PROGRAM = """
import sys
from pathlib import Path
from skillyard.sdk.client import Client
from skillyard.sdk.install import install
from skillyard.sdk.project import find_project
with Client(sys.argv[1]) as client:
    install(find_project(Path(sys.argv[2])), client, sys.argv[3:])
"""


def test_two_installs_at_once_both_count(registry, project, skills_dir):
    slugs = [f"skill-{number}" for number in range(4)]
    for slug in slugs:
        registry.add(f"acme/{slug}", needs={"acme/shared": "*"})
    registry.add("acme/shared")
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, registry.url, str(project.folder), f"acme/{slug}"])
        for slug in slugs
    ]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0, 0]
    assert sorted(path.name for path in skills_dir.iterdir()) == ["shared", *slugs]
    assert set(project.read_manifest().skills) == {f"acme/{slug}" for slug in slugs}
    assert verify(project).ok


def test_a_run_that_waited_too_long_says_so(registry, client, project):
    registry.add("acme/text")
    with start_run(project, Options()), pytest.raises(Busy) as refused:
        install(project, client, ["acme/text"], options=Options(wait_s=0.1))
    assert (refused.value.code, refused.value.exit_code) == ("busy", 3)


def test_a_lock_that_was_removed_while_one_waited_still_excludes(tmp_path):
    path, inside, most = tmp_path / "lock", [], []

    def work():
        with file_lock(path, wait_s=10, busy="busy"):
            inside.append(1)
            most.append(len(inside))
            path.unlink()
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


def test_a_client_made_for_a_run_is_closed_after_it(registry, project):
    registry.add("acme/text")
    made = []

    def connect():
        made.append(Client(registry.url))
        return made[-1]

    install(project, connect, ["acme/text"])
    install(project, connect, ["acme/text@*"])
    assert len(made) == 2
    assert all(len(pool.pools._container) == 0 for one in made for pool in one.transport._pools.values())
