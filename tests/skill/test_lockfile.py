import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.digest import FileEntry, sha256_hex, sha512_sri, tree_digest
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.lockfile import ForeignSkill, LockedSkill, Lockfile, read_foreign, without_secrets

REGISTRY = "https://skills.example.com"


def locked(name: str = "acme/pdf", *, files: tuple[FileEntry, ...] | None = None, **changes: Any) -> LockedSkill:
    files = files or (
        FileEntry(path="SKILL.md", size_bytes=3, sha256=sha256_hex(b"# x")),
        FileEntry(path="scripts/\u00e9.py", size_bytes=0, sha256=sha256_hex(b""), executable=True),
    )
    facts: dict[str, Any] = {
        "name": name,
        "version": "1.2.0",
        "digest": tree_digest(files),
        "sha256": sha256_hex(name.encode()),
        "sha512": sha512_sri(name.encode()),
        "size_bytes": 1234,
        "resolved": f"{REGISTRY}/api/v1/blobs/{name}",
        "dependencies": {},
        "files": files,
        "registry": REGISTRY,
    }
    return LockedSkill(**{**facts, **changes})


LOCK = Lockfile(
    registry=REGISTRY,
    requirements={"acme/pdf": "^1.0.0", "acme/beta": "next"},
    skills={
        "acme/pdf": locked(dependencies={"acme/text-kit": ">=1 <3"}),
        "acme/text-kit": locked("acme/text-kit", version="2.0.0-rc.1"),
        "acme/beta": locked("acme/beta"),
    },
)


def refused(text: str) -> tuple[Fault, ...]:
    with pytest.raises(SkillError) as caught:
        Lockfile.read(text)
    return caught.value.faults


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    """The text of a good lock after `change` to its plain value."""
    value = json.loads(LOCK.show())
    change(value)
    return json.dumps(value, indent=2)


def test_what_is_shown_is_read_again():
    assert Lockfile.read(LOCK.show()) == LOCK
    assert Lockfile.read(LOCK.show().replace("\n", "\r\n")) == LOCK


def test_an_empty_lock_of_no_registry_is_one():
    empty = Lockfile(registry="", requirements={}, skills={})
    assert Lockfile.read(empty.show()) == empty


def test_the_text_is_the_same_in_whatever_order_it_was_decided():
    turned = Lockfile(
        registry=REGISTRY,
        requirements=dict(reversed(LOCK.requirements.items())),
        skills={
            name: locked(name, version=skill.version, dependencies=skill.dependencies, files=skill.files[::-1])
            for name, skill in reversed(LOCK.skills.items())
        },
    )
    assert turned.show() == LOCK.show()


def test_the_text_is_made_for_people_and_version_control():
    one = Lockfile(
        registry=REGISTRY,
        requirements={"acme/pdf": "^1.0.0"},
        skills={"acme/pdf": locked(sha256="a" * 64, sha512="sha512-" + "A" * 86 + "==")},
    )
    assert one.show() == (
        "{\n"
        '  "lockfile_version": 1,\n'
        '  "registry": "https://skills.example.com",\n'
        '  "requirements": {\n'
        '    "acme/pdf": "^1.0.0"\n'
        "  },\n"
        '  "skills": {\n'
        '    "acme/pdf": {\n'
        '      "version": "1.2.0",\n'
        f'      "digest": "{locked().digest}",\n'
        '      "archive": {\n'
        '        "url": "https://skills.example.com/api/v1/blobs/acme/pdf",\n'
        f'        "sha256": "{"a" * 64}",\n'
        f'        "sha512": "sha512-{"A" * 86}==",\n'
        '        "size_bytes": 1234\n'
        "      },\n"
        '      "registry": "https://skills.example.com",\n'
        '      "dependencies": {},\n'
        '      "files": {\n'
        '        "SKILL.md": {\n'
        f'          "sha256": "{sha256_hex(b"# x")}",\n'
        '          "size_bytes": 3\n'
        "        },\n"
        '        "scripts/\u00e9.py": {\n'
        f'          "sha256": "{sha256_hex(b"")}",\n'
        '          "size_bytes": 0,\n'
        '          "executable": true\n'
        "        }\n"
        "      }\n"
        "    }\n"
        "  }\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("https://skills.example.com/a/b", "https://skills.example.com/a/b"),
        ("https://me:pw@skills.example.com:8443/a?sig=1#f", "https://skills.example.com:8443/a"),
        ("https://me@[::1]/a", "https://[::1]/a"),
        ("https://a@b@skills.example.com", "https://skills.example.com"),
        ("https://skills.example.com?token=1", "https://skills.example.com"),
        ("https://skills.example.com/@acme/pdf", "https://skills.example.com/@acme/pdf"),
        ("http://[", "http://["),
        ("", ""),
    ],
)
def test_addresses_are_written_without_what_may_be_secret(address, plain):
    assert without_secrets(address) == plain


def test_no_secret_of_an_address_reaches_the_file():
    text = Lockfile(
        registry="https://me:secret@skills.example.com",
        requirements={},
        skills={
            "acme/pdf": locked(resolved="https://x:secret@s3.example/a?sig=secret", registry="http://secret@x.example")
        },
    ).show()
    assert "secret" not in text
    assert Lockfile.read(text).skills["acme/pdf"].resolved == "https://s3.example/a"


def test_a_file_that_changed_can_be_named():
    (files,) = {skill.files for skill in Lockfile.read(LOCK.show()).skills.values()}
    assert [(file.path, file.size_bytes, file.executable) for file in files] == [
        ("SKILL.md", 3, False),
        ("scripts/\u00e9.py", 0, True),
    ]


PDF = "skills", "acme/pdf"


def put(*keys: str, value: object) -> Callable[[dict[str, Any]], object]:
    def change(lock: dict[str, Any]) -> None:
        for key in keys[:-1]:
            lock = lock[key]
        lock[keys[-1]] = value

    return change


def drop(*keys: str) -> Callable[[dict[str, Any]], object]:
    def change(lock: dict[str, Any]) -> None:
        for key in keys[:-1]:
            lock = lock[key]
        del lock[keys[-1]]

    return change


FILE = {"sha256": "0" * 64, "size_bytes": 1}


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (put("lockfile_version", value=2), "lockfile_version", "version 2, this program reads 1"),
        (put("lockfile_version", value=True), "lockfile_version", "version True"),
        (drop("lockfile_version"), "lockfile_version", "version None"),
        (put("surprise", value=1), "unknown_key", '"surprise"'),
        (put("registry", value=None), "bad_address", "registry is not an http or https address"),
        (put("registry", value="https://me:pw@x.example"), "secret_in_address", "user name, password, query"),
        (put("requirements", value=[]), "bad_lockfile", "requirements is missing"),
        (put("requirements", "acme/pdf", value=1), "wrong_type", "is not text"),
        (put("requirements", "acme/pdf", value="Next week"), "bad_range", "not a version range"),
        (put("requirements", "PDF", value="^1"), "bad_skill_name", '"PDF" is not the name of a skill'),
        (drop("skills"), "bad_lockfile", "skills is missing"),
        (put("skills", "../pdf", value=json.loads(LOCK.show())["skills"]["acme/beta"]), "bad_skill_name", '"../pdf"'),
        (put(*PDF, value="1.2.0"), "bad_lockfile", "not an object with an archive"),
        (put(*PDF, "surprise", value=1), "unknown_key", '"surprise"'),
        (put(*PDF, "version", value="1.2"), "bad_version", 'version is "1.2"'),
        (put(*PDF, "version", value=1), "bad_version", "version is 1"),
        (drop(*PDF, "version"), "bad_version", "version is None"),
        (put(*PDF, "digest", value="sha256:" + "A" * 64), "bad_digest", "digest is"),
        (put(*PDF, "digest", value="sha256:" + "0" * 64), "digest_mismatch", "do not have the digest of acme/pdf"),
        (drop(*PDF, "archive"), "bad_lockfile", "not an object with an archive"),
        (put(*PDF, "archive", "sha256", value="0" * 63), "bad_sha256", "sha256 is"),
        (put(*PDF, "archive", "sha512", value="sha512-x"), "bad_sha512", 'sha512 is "sha512-x"'),
        (put(*PDF, "archive", "size_bytes", value=-1), "bad_size", "is -1"),
        (put(*PDF, "archive", "size_bytes", value=True), "bad_size", "is True"),
        (put(*PDF, "archive", "size_bytes", value=10**30), "bad_size", "is 1000"),
        (put(*PDF, "archive", "url", value="file:///etc/passwd"), "bad_address", "archive.url is not an http"),
        (put(*PDF, "archive", "url", value="https://x.example/a?sig=1"), "secret_in_address", "archive.url has"),
        (put(*PDF, "dependencies", "acme/x", value="latest"), "bad_range", "not a version range"),
        (put(*PDF, "dependencies", "../x", value="^1"), "bad_skill_name", '"../x"'),
        (put(*PDF, "files", value={}), "bad_lockfile", "no SKILL.md among the files"),
        (put(*PDF, "files", "../x", value=FILE), "unsafe_path", "'..' between its slashes: ../x"),
        (put(*PDF, "files", "/etc/x", value=FILE), "unsafe_path", "is absolute"),
        (put(*PDF, "files", "C:x", value=FILE), "unsafe_path", "drive letter"),
        (put(*PDF, "files", "a\\b", value=FILE), "unsafe_path", "backslash"),
        (put(*PDF, "files", "a/.git/config", value=FILE), "unsafe_path", ".git"),
        (put(*PDF, "files", "skill.MD", value=FILE), "unsafe_path", "same as SKILL.md"),
        (put(*PDF, "files", "SKILL.md/x", value=FILE), "unsafe_path", "both a file and a folder"),
        (put(*PDF, "files", "a", value={"sha256": "0" * 64}), "bad_lockfile", "a has no sha256 and size_bytes"),
        (put(*PDF, "files", "a", value={**FILE, "mode": 1}), "bad_lockfile", "a has no sha256 and size_bytes"),
        (put(*PDF, "files", "a", value={**FILE, "executable": 1}), "bad_lockfile", "a has no sha256 and size_bytes"),
        (put(*PDF, "files", "a", value=None), "bad_lockfile", "a has no sha256 and size_bytes"),
        (put(*PDF, "files", "SKILL.md", "sha256", value="0" * 64), "digest_mismatch", "do not have the digest"),
    ],
)
def test_what_show_would_not_write_is_refused_in_its_line(change, code, said):
    (fault,) = refused(changed(change))
    assert (fault.code, fault.file) == (code, "skillyard.lock")
    assert said in fault.message
    assert fault.hint
    assert fault.line


def test_secrets_do_not_enter_messages():
    for address in ("https://me:s3cret@x.example", "https://x.example/?sig=s3cret"):
        assert "s3cret" not in str(refused(changed(put("registry", value=address)))[0])


def test_all_faults_are_said_at_once_each_in_its_line():
    text = LOCK.show().replace('"1.2.0"', '"1.x"').replace('"size_bytes": 1234', '"size_bytes": 0')
    faults = refused(text)
    lines = text.splitlines()
    assert len(faults) == 5
    assert all(
        fault.line and ("1.x" in lines[fault.line - 1] or "size_bytes" in lines[fault.line - 1]) for fault in faults
    )


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "bad_json", 1),
        ("[]", "bad_json", 1),
        (LOCK.show()[:-3], "bad_json", None),
        (LOCK.show().replace('"registry"', '"skills"', 1), "duplicate_key", 8),
        ("<<<<<<< HEAD\n" + LOCK.show(), "merge_conflict", 1),
    ],
)
def test_what_is_not_json_is_refused(text, code, line):
    (fault,) = refused(text)
    assert fault.code == code
    assert line is None or fault.line == line


segments = st.from_regex("[a-zA-Z0-9_\u00e9-]{1,6}", fullmatch=True).filter(
    lambda name: name.lower() not in ("con", "prn", "aux", "nul", "skill")
)
file_entries = st.builds(
    FileEntry,
    path=st.lists(segments, min_size=2, max_size=4).map("/".join),
    size_bytes=st.integers(0, 2**53 - 1),
    sha256=st.binary(max_size=4).map(sha256_hex),
    executable=st.booleans(),
)
skill_md = st.builds(FileEntry, path=st.just("SKILL.md"), size_bytes=st.integers(0, 9), sha256=st.just("0" * 64))


def without_collisions(files: list[FileEntry]) -> tuple[FileEntry, ...]:
    """No path that is another's parent, or another's in other letters: each in a folder of its own."""
    return tuple(
        FileEntry(
            path=f"{n:04}/{file.path}", size_bytes=file.size_bytes, sha256=file.sha256, executable=file.executable
        )
        for n, file in enumerate(files)
    )


trees = st.builds(lambda first, rest: (*without_collisions(rest), first), skill_md, st.lists(file_entries, max_size=4))
slugs = st.from_regex("[a-z]{1,5}(-[a-z0-9]{1,3})?", fullmatch=True).filter(
    lambda slug: slug not in ("con", "prn", "aux", "nul")
)
names = st.builds("{}/{}".format, slugs, slugs)
versions = st.from_regex(r"[0-9]\.(0|[1-9][0-9]?)\.[0-9](-rc\.[0-9])?", fullmatch=True)
ranges = st.sampled_from(["^1.0.0", "~2.1", "*", ">=1 <3 || 5.x"])


@st.composite
def lockfiles(draw: st.DrawFn) -> Lockfile:
    skills = {
        name: locked(
            name,
            version=draw(versions),
            files=tuple(sorted(draw(trees), key=lambda file: file.path)),
            dependencies=draw(st.dictionaries(names, ranges, max_size=2)),
        )
        for name in draw(st.lists(names, max_size=3, unique=True))
    }
    requirements = draw(st.dictionaries(names, ranges | st.just("next"), max_size=2))
    return Lockfile(registry=REGISTRY, requirements=requirements, skills=skills)


@given(lockfiles())
def test_every_lock_survives_being_written(lock):
    text = lock.show()
    assert Lockfile.read(text) == lock
    assert Lockfile.read(text).show() == text


@given(
    st.text()
    | st.recursive(st.none() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)).map(
        json.dumps
    )
)
def test_any_other_text_is_refused(text):
    assert refused(text)


@given(st.data())
def test_a_lock_with_anything_else_in_one_place_is_read_or_refused(data):
    value = json.loads(LOCK.show())
    here = value
    while True:
        key = data.draw(st.sampled_from(sorted(here)))
        if not isinstance(here[key], dict) or not here[key] or data.draw(st.booleans()):
            break
        here = here[key]
    here[key] = data.draw(
        st.none() | st.integers() | st.text() | st.dictionaries(st.text(max_size=3), st.text(max_size=3))
    )
    try:
        lock = Lockfile.read(json.dumps(value))
    except SkillError as error:
        faults = error.faults
    else:
        faults = ()
        assert Lockfile.read(lock.show()) == lock
    assert all(fault.line and fault.hint for fault in faults)


SRI = "sha512-" + "A" * 86 + "=="


@pytest.mark.parametrize(
    ("filename", "value", "expected"),
    [
        (
            "tank.lock",
            {
                "lockfileVersion": 2,
                "skills": {
                    "@org/b@1.0.1": {"resolved": "https://x.example?sig=1", "integrity": SRI, "dependencies": {}},
                    "@org/a@2.0.0-rc.1": {"integrity": SRI},
                },
            },
            [("org/a", "2.0.0-rc.1", SRI), ("org/b", "1.0.1", SRI)],
        ),
        ("project/skills.lock", {"lockfileVersion": 1, "skills": {"@org/a@1.0.0": {}}}, [("org/a", "1.0.0", None)]),
        (
            ".skilldock.lock.json",
            {
                "schema_version": 1,
                "generated_at": "2026-01-01",
                "skills": {
                    "acme/pdf": {"namespace": "acme", "slug": "pdf", "version": "1.0.0", "sha256": "a" * 64},
                    "acme/old": {"version": "2024", "sha256": None},
                },
            },
            [("acme/old", None, None), ("acme/pdf", "1.0.0", "a" * 64)],
        ),
        (
            "C:\\project\\skills-lock.json",
            {
                "version": 1,
                "skills": {"pdf": {"source": "acme/skills", "sourceType": "github", "computedHash": "b" * 64}},
            },
            [("pdf", None, "b" * 64)],
        ),
    ],
)
def test_locks_of_other_tools_say_which_skills_there_were(filename, value, expected):
    assert read_foreign(json.dumps(value), filename) == expected
    assert all(isinstance(skill, ForeignSkill) for skill in read_foreign(json.dumps(value), filename))


@pytest.mark.parametrize(
    ("filename", "text", "code", "line"),
    [
        ("package-lock.json", "{}", "unknown_lockfile", None),
        ("tank.lock", "{", "bad_json", 1),
        ("tank.lock", '{\n"lockfileVersion": 3, "skills": {}}', "lockfile_version", 2),
        ("skills.lock", '{"version": 1, "skills": {}}', "lockfile_version", 1),
        (".skilldock.lock.json", '{"schema_version": 1,\n"skills": []}', "bad_lockfile", 2),
        ("tank.lock", '{"lockfileVersion": 2, "skills": {\n"../x@1.0.0": {}}}', "bad_skill_name", 2),
        ("tank.lock", '{"lockfileVersion": 2, "skills": {\n"@a/b@1.0.0": 1}}', "bad_lockfile", 2),
        ("skills-lock.json", '{"version": 1, "skills": {"a": {\n"computedHash": "x"}}}', "bad_digest", 2),
        ("skills-lock.json", '{"version": 1, "skills": {"a": {\n"computedHash": 1}}}', "bad_digest", 2),
    ],
)
def test_locks_of_other_tools_that_cannot_be_used_are_refused(filename, text, code, line):
    with pytest.raises(SkillError) as caught:
        read_foreign(text, filename)
    (fault,) = caught.value.faults
    assert (fault.code, fault.line) == (code, line)
    assert fault.hint


FOREIGN = ["tank.lock", "skills.lock", ".skilldock.lock.json", "skills-lock.json"]
foreign_values = st.fixed_dictionaries(
    {
        "lockfileVersion": st.just(2),
        "schema_version": st.just(1),
        "version": st.just(1),
        "skills": st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["@a/b@1.0.0", "a/b", "b"]),
            st.dictionaries(st.sampled_from(["version", "sha256", "integrity", "computedHash"]), st.none() | st.text()),
        ),
    }
)


@given(st.sampled_from(FOREIGN), foreign_values.map(json.dumps) | st.text())
def test_any_text_is_a_foreign_lock_or_refused(filename, text):
    try:
        skills = read_foreign(text, filename)
    except SkillError as error:
        assert error.faults  # noqa: PT017 (either way is right)
        skills = []
    assert all(skill.name.isascii() and (skill.version is None or skill.version.isascii()) for skill in skills)


@pytest.mark.parametrize("position", [0, 41, 2**40])
def test_the_place_in_the_public_log_is_kept(position: int) -> None:
    lock = Lockfile(registry=REGISTRY, requirements={}, skills={"acme/pdf": locked(log_position=position)})
    assert f'"log_position": {position}' in lock.show()
    assert Lockfile.read(lock.show()) == lock


@pytest.mark.parametrize("position", ["-1", "1.5", "null", '"1"', "true", str(2**60)])
def test_a_place_that_is_none_is_refused(position: str) -> None:
    lock = Lockfile(registry=REGISTRY, requirements={}, skills={"acme/pdf": locked(log_position=7)})
    with pytest.raises(SkillError):
        Lockfile.read(lock.show().replace('"log_position": 7', f'"log_position": {position}'))
