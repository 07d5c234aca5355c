import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.files import skill_files
from skillyard.skill.manifest import Manifest, ManifestReport, read_manifest, scaffold
from skillyard.skill.names import check_name
from skillyard.skill.permissions import Permissions

MINIMAL = "name: pdf\ndescription: Reads PDF files. Use it for invoices.\n"


class Files(dict[str, bytes]):
    """The least that a manifest is read from."""

    def read(self, path: str) -> bytes:
        return self[path]


def report(front: str, *, body: str = "# Pdf\n", tank: object = None, skills: object = None) -> ManifestReport:
    files = Files({"SKILL.md": f"---\n{front}---\n\n{body}".encode()})
    for name, value in (("tank.json", tank), ("skills.json", skills)):
        if value is not None:
            files[name] = (value if isinstance(value, str) else json.dumps(value, indent=1)).encode()
    return read_manifest(files)


def read(front: str, **beside: object) -> Manifest:
    """The manifest of a skill without any fault."""
    found = report(front, **beside)  # type: ignore[arg-type]
    assert found.faults == ()
    assert found.manifest is not None
    return found.manifest


def fault(front: str, **beside: object) -> Fault:
    """The only fault, an error."""
    found = report(front, **beside)  # type: ignore[arg-type]
    assert found.manifest is None
    (only,) = found.faults
    assert only.severity == "error"
    assert only.hint
    return only


def warning(front: str, **beside: object) -> Fault:
    """The only fault, a warning that keeps nobody from publishing."""
    found = report(front, **beside)  # type: ignore[arg-type]
    assert found.manifest is not None
    (only,) = found.faults
    assert only.severity == "warning"
    assert only.hint
    return only


def test_all_fields_of_the_specification_and_ours_are_read():
    manifest = read(
        MINIMAL + "license: Apache-2.0\ncompatibility: Needs Python 3.11.\n"
        "allowed-tools: Read Bash(git add:*) Bash(jq:*)\n"
        "metadata:\n  author: acme\n  version: '1.2.0'\n  tags: pdf, Text, machine learning\n"
        "  dependencies: acme/text-kit@^1.0.0, acme/x@~2.1\n  homepage: https://example.com/pdf\n"
    )
    assert manifest == Manifest(
        name="pdf",
        description="Reads PDF files. Use it for invoices.",
        version="1.2.0",
        license="Apache-2.0",
        compatibility="Needs Python 3.11.",
        metadata={
            "author": "acme",
            "version": "1.2.0",
            "tags": "pdf, Text, machine learning",
            "dependencies": "acme/text-kit@^1.0.0, acme/x@~2.1",
            "homepage": "https://example.com/pdf",
        },
        allowed_tools=("Read", "Bash(git add:*)", "Bash(jq:*)"),
        tags=("pdf", "text", "machine-learning"),
        dependencies={"acme/text-kit": "^1.0.0", "acme/x": "~2.1"},
        homepage="https://example.com/pdf",
        body="# Pdf",
    )


def test_name_and_description_are_enough():
    assert read(MINIMAL).version is None
    assert read(MINIMAL + "license:\ncompatibility: ''\nmetadata:\nallowed-tools:\n").license is None


def test_manifests_are_read_from_the_files_of_an_archive():
    files = skill_files({"SKILL.md": f"---\n{MINIMAL}---\n".encode()})
    assert Manifest.read(files).name == "pdf"


def test_reading_raises_with_every_fault_of_every_file():
    files = Files(
        {"SKILL.md": b"---\nname: PDF\nversion: '1.10'\n---\n", "tank.json": b'{"version": "x",\n"skills": 1}'}
    )
    with pytest.raises(SkillError) as caught:
        Manifest.read(files)
    assert [(fault.code, fault.file, fault.line) for fault in caught.value.faults] == [
        ("description_missing", "SKILL.md", 1),
        ("bad_name", "SKILL.md", 2),
        ("key_outside_specification", "SKILL.md", 3),
        ("bad_version", "SKILL.md", 3),
        ("bad_version", "tank.json", 1),
        ("wrong_type", "tank.json", 2),
    ]


def test_faults_of_the_json_file_are_told_also_when_skill_md_cannot_be_read():
    found = read_manifest(Files({"SKILL.md": b"# x", "skills.json": b'{"permissions": {"subprocess": "no"}}'}))
    assert [fault.code for fault in found.faults] == ["no_front_matter", "wrong_type"]


@pytest.mark.parametrize(
    ("files", "code", "line"),
    [
        ({}, "no_skill_file", None),
        ({"SKILL.md": b"---\nname: \xff\n---\n"}, "not_utf8", 2),
        ({"SKILL.md": b"\x00" * (4 * 1024 * 1024 + 1)}, "too_large", 1),
        ({"SKILL.md": b""}, "no_front_matter", 1),
    ],
)
def test_a_skill_without_readable_skill_md_has_no_manifest(files, code, line):
    found = read_manifest(Files(files))
    assert found.manifest is None
    assert [(fault.code, fault.file, fault.line) for fault in found.faults] == [(code, "SKILL.md", line)]


@pytest.mark.parametrize(
    ("front", "code", "line", "said"),
    [
        ("description: x\n", "name_missing", 1, "add name: my-skill"),
        ("name:\ndescription: x\n", "bad_name", 2, "empty"),
        ("name: pdf-\ndescription: x\n", "bad_name", 2, "hyphen"),
        ("name: p\u0434f\ndescription: x\n", "bad_name", 2, "only a-z"),
        ("description: x\nname:\n  - pdf\n", "bad_name", 3, "not text"),
        ("name: pdf\n", "description_missing", 1, "what the skill does"),
        ("name: pdf\ndescription: '  '\n", "description_missing", 3, "what the skill does"),
        ("name: pdf\ndescription:\n  - x\n", "wrong_type", 3, "description is not text"),
        (f"name: pdf\ndescription: {'x' * 1025}\n", "too_long", 3, "1025 characters, 1024 are allowed"),
        (MINIMAL + f"compatibility: {'x' * 501}\n", "too_long", 4, "501 characters, 500 are allowed"),
        (MINIMAL + "license:\n  k: v\n", "wrong_type", 4, "license is not text"),
        (MINIMAL + "metadata: x\n", "wrong_type", 4, "metadata is not a map"),
        (MINIMAL + "allowed-tools:\n  k: v\n", "wrong_type", 4, "allowed-tools is not a list"),
        (MINIMAL + "allowed-tools: Bash(git\n", "bad_tools", 4, "bracket"),
        (MINIMAL + "metadata:\n  version: 1.10\n", "bad_version", 5, "'1.10' is not a semantic version"),
        (MINIMAL + "metadata:\n  tags: pdf, c++\n", "bad_tag", 5, "such as c"),
        (MINIMAL + f"metadata:\n  tags: {'x' * 41}\n", "bad_tag", 5, "1 to 40"),
        (MINIMAL + f"metadata:\n  tags: {', '.join(f't{n}' for n in range(21))}\n", "too_many", 5, "21 tags"),
        (MINIMAL + "metadata:\n  dependencies: pdf@^1\n", "bad_skill_name", 5, "namespace"),
        (MINIMAL + "metadata:\n  dependencies: acme/x@>>1\n", "bad_range", 5, "not a version range"),
        (MINIMAL + "metadata:\n  homepage: javascript:alert(1)\n", "bad_address", 5, "https://"),
        (MINIMAL + "metadata:\n  homepage: https://me:pw@example.com\n", "secret_in_address", 5, "password"),
        (MINIMAL + "metadata:\n  permissions: all\n", "wrong_type", 5, "permissions is not a map"),
    ],
)
def test_a_field_that_breaks_its_rule_is_refused_in_its_line(front, code, line, said):
    found = fault(front)
    assert (found.code, found.file, found.line) == (code, "SKILL.md", line)
    assert said in str(found)


def test_secrets_do_not_enter_messages():
    assert "pw" not in str(fault(MINIMAL + "metadata:\n  homepage: https://me:pw@example.com\n"))


def test_lengths_count_characters():
    assert len(read("name: pdf\ndescription: " + "\u00e9" * 1024 + "\n").description) == 1024


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ("Read, Write,Bash(git add:*, x)", ("Read", "Write", "Bash(git add:*, x)")),
        ("Read  Read\n  Grep", ("Read", "Grep")),
        ("\n  - Read\n  - Bash(git add:*)", ("Read", "Bash(git add:*)")),
    ],
)
def test_allowed_tools_are_split_outside_of_brackets(tools, expected):
    assert read(f"{MINIMAL}allowed-tools: {tools}\n").allowed_tools == expected


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("version", "1.2.0", 'version: "1.2.0"'),
        ("tags", "pdf, text", 'tags: "pdf, text"'),
        ("dependencies", "acme/x@^1", 'dependencies: "acme/text-kit@^1.0.0, acme/x@~2.1"'),
        ("homepage", "https://example.com", "in metadata"),
        ("permissions", "\n  subprocess: true", "skills.json"),
    ],
)
def test_our_keys_at_the_top_are_read_with_a_warning_how_to_write_them(key, value, hint):
    found = warning(f"{MINIMAL}{key}: {value}\n")
    assert (found.code, found.line) == ("key_outside_specification", 4)
    assert hint in found.hint


def test_what_our_keys_at_the_top_say_counts():
    manifest = report(
        MINIMAL
        + "version: 1.2.0\ntags:\n  - pdf\ndependencies:\n  acme/x: ^1\n  '@acme/y': ''\nhomepage: http://x.example\n"
        "permissions:\n  network:\n    outbound:\n      - x.example\n  subprocess: true\n"
    ).manifest
    assert manifest is not None
    assert (manifest.version, manifest.tags, manifest.homepage) == ("1.2.0", ("pdf",), "http://x.example")
    assert manifest.dependencies == {"acme/x": "^1", "acme/y": "*"}
    assert manifest.permissions == Permissions(network_outbound=("x.example",), subprocess=True)


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("allowed_tools: Read", "unknown_key", "did you mean allowed-tools?"),
        ("licence: MIT", "unknown_key", "did you mean license?"),
        ("author: me", "unknown_key", "metadata"),
        ("model: opus", "key_of_agents", "leave it out"),
    ],
)
def test_keys_that_the_reference_validator_refuses_are_warned_of(line, code, hint):
    found = warning(f"{MINIMAL}{line}\n")
    assert (found.code, found.line) == (code, 4)
    assert hint in found.hint


def test_what_other_tools_nest_in_metadata_is_kept_as_json_with_a_warning():
    front = MINIMAL + "metadata:\n  openclaw:\n    requires:\n      - git\n"
    assert warning(front).code == "not_text"
    manifest = report(front).manifest
    assert manifest is not None
    assert manifest.metadata == {"openclaw": '{"requires":["git"]}'}


def test_tags_that_are_not_text_are_left_out_with_a_warning():
    found = report(MINIMAL + "tags:\n  - pdf\n  - [a]\n  - PDF\n")
    assert found.manifest is not None
    assert found.manifest.tags == ("pdf",)
    assert ("bad_tag", 6) in [(fault.code, fault.line) for fault in found.faults]


TANK = {
    "name": "@acme/pdf",
    "version": "1.2.0",
    "skills": {"@acme/text-kit": "^1.0.0"},
    "permissions": {"network": {"outbound": ["api.example.com"]}, "environment": ["API_BASE"]},
    "repository": "https://example.com/acme/pdf",
    "visibility": "private",
}


@pytest.mark.parametrize("file", ["tank", "skills"])
def test_a_json_file_beside_it_says_the_rest(file):
    manifest = read(MINIMAL, **{file: TANK})
    assert (manifest.namespace, manifest.name, manifest.version) == ("acme", "pdf", "1.2.0")
    assert manifest.dependencies == {"acme/text-kit": "^1.0.0"}
    assert manifest.permissions == Permissions(network_outbound=("api.example.com",), environment=("API_BASE",))
    assert (manifest.repository, manifest.visibility) == ("https://example.com/acme/pdf", "private")


def test_the_newer_json_file_counts_and_the_other_is_not_even_read():
    found = warning(MINIMAL, tank=TANK, skills="{")
    assert (found.code, found.file) == ("two_manifests", "skills.json")


@pytest.mark.parametrize(
    ("key", "code", "hint"),
    [
        ("descripton", "unknown_key", "did you mean description?"),
        ("dependencies", "unknown_key", "did you mean skills?"),
        ("x", "unknown_key", "leave it out"),
        ("mcp_server", "unused_key", "Tank"),
    ],
)
def test_keys_of_the_json_file_without_effect_are_warned_of(key, code, hint):
    found = warning(MINIMAL, tank={"$schema": "https://x.example", key: {}})
    assert (found.code, found.file, found.line) == (code, "tank.json", 3)
    assert hint in found.hint


@pytest.mark.parametrize(
    ("value", "code", "line"),
    [
        ("{", "bad_json", 1),
        ("[]", "bad_json", 1),
        ('{"version":\n"1", "version": "1"}', "duplicate_key", 2),
        ({"name": "pdf"}, "bad_skill_name", 2),
        ({"name": "@acme/other"}, "contradiction", 2),
        ({"name": "@acme/pdf", "skills": {"@acme/pdf": "^1"}}, "depends_on_itself", 3),
        ({"version": 1}, "wrong_type", 2),
        ({"skills": ["@acme/x", "x"]}, "bad_skill_name", 4),
        ({"permissions": {"network": {"outbound": ["https://x.example"]}}}, "bad_permission", 5),
        ({"permissions": {"shell": True}}, "unknown_permission", 3),
        ({"repository": "git@example.com:x"}, "bad_address", 2),
        ({"visibility": "secret"}, "bad_visibility", 2),
    ],
)
def test_faults_of_the_json_file_have_their_line(value, code, line):
    found = fault(MINIMAL, tank=value)
    assert (found.code, found.file, found.line) == (code, "tank.json", line)


@pytest.mark.parametrize(
    ("front", "tank", "said"),
    [
        (
            "metadata:\n  version: 1.0.0\n",
            {"version": "1.1.0"},
            'version is "1.1.0", but metadata.version in SKILL.md, line 5, is "1.0.0"',
        ),
        (
            "metadata:\n  dependencies: acme/x@^1\n",
            {"skills": {"@acme/x": "^2"}},
            'skills is "acme/x@^2", but metadata.dependencies in SKILL.md, line 5, is "acme/x@^1"',
        ),
        (
            "permissions:\n  subprocess: true\n",
            {"permissions": {"subprocess": False}},
            'permissions is "nothing", but permissions in SKILL.md, line 4, is "start other programs"',
        ),
    ],
)
def test_two_places_that_disagree_are_both_named(front, tank, said):
    faults = [fault for fault in report(MINIMAL + front, tank=tank).faults if fault.severity == "error"]
    assert [(fault.code, fault.file, fault.message) for fault in faults] == [("contradiction", "tank.json", said)]


def test_two_places_in_one_file_that_disagree_are_both_named():
    found = report(MINIMAL + "version: 2.0.0\ntags: b, a\nmetadata:\n  version: 1.0.0\n  tags: a, b\n")
    assert [fault.message for fault in found.faults if fault.severity == "error"] == [
        'version is "2.0.0", but metadata.version in SKILL.md, line 7, is "1.0.0"',
        'tags is "b, a", but metadata.tags in SKILL.md, line 8, is "a, b"',
    ]


def test_places_that_agree_in_other_words_do_not_disagree():
    read(
        MINIMAL + "metadata:\n  version: v1.2.0\n  dependencies: acme/text-kit@^1.0.0\n",
        tank={**TANK, "description": "Reads PDF files. Use it for invoices."},
    )


def test_another_description_in_the_json_file_is_only_a_warning():
    found = warning(MINIMAL, tank={"description": "PDF"})
    assert (found.code, found.file, found.line) == ("description_differs", "tank.json", 2)


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("pdf-tools", "Reads PDF files. Use it for invoices."),
        ("null", "yes"),
        ("123", 'He said: "#1 & *all*" \\ --- {x}'),
        ("a1", "  spread\n over\tlines\u2028and \x00 \x7f \ud83d\ude00 \U0001f600"),
        ("true", "- a: b"),
        ("x", "'"),
    ],
)
def test_a_new_skill_has_no_fault(name, description):
    text = scaffold(name, description)
    manifest = read(text.removeprefix("---\n").partition("---\n")[0])
    assert (manifest.name, manifest.version) == (name, "0.1.0")
    assert manifest.description
    assert "\n\n# " in text


@pytest.mark.parametrize(("name", "description"), [("Pdf", "x"), ("pdf", " "), ("pdf", "x" * 1025)])
def test_no_new_skill_is_made_that_would_be_refused(name, description):
    with pytest.raises(SkillError):
        scaffold(name, description)


@given(st.text())
def test_any_description_can_be_written(description):
    try:
        text = scaffold("pdf", description)
    except SkillError as error:
        codes = {fault.code for fault in error.faults}
    else:
        codes = {fault.code for fault in report(text.removeprefix("---\n").partition("---\n")[0]).faults}
    assert codes <= {"description_missing"}


@given(st.binary(), st.binary())
def test_any_bytes_are_a_manifest_or_refused(skill_md, tank):
    found = read_manifest(Files({"SKILL.md": skill_md, "tank.json": tank}))
    assert found.manifest is not None or any(fault.severity == "error" for fault in found.faults)


KEYS = [
    "name",
    "description",
    "license",
    "compatibility",
    "metadata",
    "allowed-tools",
    "version",
    "tags",
    "dependencies",
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.sampled_from(["1.2.0", "acme/x@^1", "pdf"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["version", "tags", "network", "outbound", "acme/x", "slug"]) | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
shapes = st.dictionaries(
    st.sampled_from([*KEYS, "skills", "permissions", "homepage", "visibility", "repository"]), json_values
)


@given(shapes, shapes)
def test_any_values_are_a_manifest_or_refused_with_places(front, tank):
    written = "".join(f"{key}: {json.dumps(value)}\n" for key, value in front.items())
    found = report(written, tank=tank)
    errors = [fault for fault in found.faults if fault.severity == "error"]
    assert bool(errors) is (found.manifest is None)
    assert all(fault.file in ("SKILL.md", "tank.json") and fault.line and fault.hint for fault in found.faults)
    assert len(errors) <= 100
    if found.manifest:
        assert check_name(found.manifest.name) == []
        assert 1 <= len(found.manifest.description) <= 1024


def test_warnings_never_crowd_out_an_error():
    found = report(MINIMAL + "".join(f"x{n}: y\n" for n in range(300)) + "version: x\n")
    assert found.manifest is None
    assert len(found.faults) < 100


def test_a_name_with_its_scope_is_read_as_tanks_skills_write_it():
    found = report('name: "@acme/pdf"\ndescription: Reads PDF files.\n', tank={"name": "@acme/pdf"})
    assert found.manifest is not None
    assert (found.manifest.namespace, found.manifest.name) == ("acme", "pdf")
    assert [fault.code for fault in found.faults] == ["scoped_name"]


@pytest.mark.parametrize("name", ["@acme/PDF", "@acme", "@/pdf", "@acme/pdf/x", "@"])
def test_what_is_no_name_with_a_scope_is_refused(name):
    assert fault(f'name: "{name}"\ndescription: Reads PDF files.\n').line == 2


@pytest.mark.parametrize("other", ["@acme/text", "@evil/pdf"])
def test_two_names_with_their_scopes_must_be_the_same(other):
    found = report('name: "@acme/pdf"\ndescription: Reads PDF files.\n', tank={"name": other})
    assert found.manifest is None
    assert "contradiction" in [fault.code for fault in found.faults]


def test_what_skill_md_leaves_out_is_taken_from_the_json_file():
    said = {"name": "@acme/pdf", "version": "1.0.0", "description": "Reads PDF files."}
    assert warning("description: Reads PDF files.\n", tank=said).code == "name_missing"
    manifest = read("name: pdf\n", tank=said)
    assert (manifest.name, manifest.description) == ("pdf", "Reads PDF files.")


def test_a_skill_md_without_front_matter_counts_where_the_json_file_says_it_all():
    said = {"name": "@acme/pdf", "version": "1.0.0", "description": "Reads PDF files."}
    files = Files({"SKILL.md": b"\xef\xbb\xbf# Pdf\n\nRead it.\n", "tank.json": json.dumps(said).encode()})
    found = read_manifest(files)
    assert found.manifest is not None
    assert (found.manifest.namespace, found.manifest.name) == ("acme", "pdf")
    assert found.manifest.body == "# Pdf\n\nRead it."
    assert {fault.severity for fault in found.faults} == {"warning"}
    del files["tank.json"]
    assert read_manifest(files).manifest is None


def test_front_matter_that_is_broken_is_not_passed_over():
    said = {"name": "@acme/pdf", "version": "1.0.0", "description": "Reads PDF files."}
    for text in (b"---\nname: pdf\n", b"\n---\nname: pdf\n---\n", b"\xef\xbb\xbf ---\nname: pdf\n---\n"):
        assert read_manifest(Files({"SKILL.md": text, "tank.json": json.dumps(said).encode()})).manifest is None
