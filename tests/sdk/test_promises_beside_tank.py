"""What Tank's command line was seen to get wrong with a project's lockfile and folders: each is a promise of ours."""

from skillyard.sdk.install import ci, install, update
from skillyard.sdk.status import list_installed, verify


def test_an_update_replaces_the_entry_in_the_lockfile(registry, client, project, skills_dir):
    """There, the older version stayed in the lockfile, and the next install from it put the older one on disk."""
    registry.add("acme/text", "1.0.0", files={"a.txt": b"older"})
    install(project, client, ["acme/text"])
    registry.add("acme/text", "1.1.0", files={"a.txt": b"newer"})
    update(project, client)
    assert {name: locked.version for name, locked in project.read_lock().skills.items()} == {"acme/text": "1.1.0"}
    ci(project, client)
    assert (skills_dir / "text" / "a.txt").read_bytes() == b"newer"
    assert [skill.version for skill in list_installed(project)] == ["1.1.0"]


def test_verify_reads_what_is_in_the_folders(registry, client, project, skills_dir):
    """There, it only looked whether a folder is empty."""
    registry.add("acme/text", files={"a.txt": b"aaaa"})
    install(project, client, ["acme/text"])
    assert verify(project).ok
    changed = skills_dir / "text" / "a.txt"
    changed.unlink()
    changed.write_bytes(b"aaab")
    assert not verify(project).ok


def test_the_lockfile_holds_no_signed_and_no_passing_address(registry, client, project):
    """There, the signed address of the download stood in it: new in every install, and a key to the archive."""
    registry.add("acme/text")
    install(project, client, ["acme/text"])
    path = project.lock_path
    first = path.read_bytes()
    assert b"signature" not in first
    assert b"expires" not in first
    ci(project, client)
    assert path.read_bytes() == first
