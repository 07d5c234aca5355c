import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.skill.faults import Fault
from skillyard.skill.permissions import NO_PERMISSIONS, Grant, Permissions, added, read_permissions
from skillyard.skill.reach import BadPatternError, host_covers, path_covers, read_host, read_path

FULL = {
    "network": {"outbound": ["*.example.org", "api.example.com:8443"]},
    "filesystem": {"read": ["src/**", "~/notes/*.md"], "write": ["out/**"]},
    "subprocess": True,
    "environment": ["API_BASE"],
    "integrations": ["github.create_issue", "slack"],
}


def read(value: object) -> Permissions:
    permissions, faults = read_permissions(value)
    assert faults == []
    return permissions


def refused(value: object) -> list[Fault]:
    _, faults = read_permissions(value, file="tank.json")
    assert faults
    assert all(fault.severity == "error" and fault.hint and fault.file == "tank.json" for fault in faults)
    return faults


def network(*hosts: str) -> dict[str, object]:
    return {"network": {"outbound": list(hosts)}}


def test_what_is_shown_is_read_again():
    assert read(FULL).show() == FULL
    assert read(NO_PERMISSIONS.show()) == NO_PERMISSIONS


@pytest.mark.parametrize("value", [None, {}, {"network": {}}, {"filesystem": None}, {"subprocess": False}])
def test_what_is_not_named_is_not_declared(value):
    assert read(value) == NO_PERMISSIONS


def test_order_and_repetition_make_no_difference():
    assert read(network("b.example", "A.example", "b.example")) == read(network("a.example", "b.example"))


def test_permissions_are_told_in_plain_words():
    assert read(FULL).describe() == [
        "contact every host below example.org",
        "contact api.example.com on port 8443",
        "read src/** in the project",
        "read notes/*.md in the home folder",
        "write out/** in the project",
        "start other programs",
        "read the environment variable API_BASE",
        "use the integration github.create_issue",
        "use the integration slack",
    ]
    assert read(network("*", "*:443", "[::1]:80")).describe() == [
        "contact any host",
        "contact any host on port 443",
        "contact [::1] on port 80",
    ]
    assert NO_PERMISSIONS.describe() == []


@pytest.mark.parametrize(
    ("value", "where", "said"),
    [
        ("all", "permissions", "not a map"),
        ([], "permissions", "not a map"),
        ({"netwrok": {}}, "permissions", "did you mean network?"),
        ({"network": {"inbound": []}}, "permissions.network", "known are outbound"),
        ({"network": ["x.example"]}, "permissions.network", "not a map"),
        ({"network": {"outbound": "x.example"}}, "permissions.network.outbound", "not a list"),
        ({"network": {"outbound": [["x.example"]]}}, "permissions.network.outbound[0]", "not text"),
        ({"subprocess": "yes"}, "permissions.subprocess", "not true or false"),
        ({"subprocess": 1}, "permissions.subprocess", "not true or false"),
        ({"environment": ["A-B"]}, "permissions.environment[0]", "environment variable"),
        ({"environment": ["A=1"]}, "permissions.environment[0]", "environment variable"),
        ({"integrations": ["Git Hub"]}, "permissions.integrations[0]", "integration"),
        ({"integrations": ["github.a.b"]}, "permissions.integrations[0]", "integration"),
        (network(*[f"h{n}.example" for n in range(101)]), "permissions.network.outbound", "101 entries"),
    ],
)
def test_what_cannot_be_shown_to_people_is_refused(value, where, said):
    (fault,) = refused(value)
    assert where in fault.message
    assert said in str(fault)


def test_all_faults_are_said_at_once():
    assert len(refused({"network": {"outbound": ["a b", "/"]}, "subprocess": 0, "x": 1})) == 4


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("api.example.com", "api.example.com"),
        ("API.Example.com:443", "api.example.com:443"),
        ("*.example.com", "*.example.com"),
        ("*", "*"),
        ("*:8080", "*:8080"),
        ("localhost", "localhost"),
        ("192.0.2.1:80", "192.0.2.1:80"),
        ("[2001:DB8:0::1]", "[2001:db8::1]"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_hosts_have_one_spelling(text, host):
    assert read_host(text) == host
    assert read_host(host) == host


@pytest.mark.parametrize(
    "text",
    [
        *("", "https://api.example.com", "api.example.com/v1", "a b", "-a.example", "a..example", "a.example."),
        *("*example.com", "a.*.example", "*.*", "a_b.example", "b\u00fccher.example", "a:0", "a:65536", "a:x", "u@h"),
        *("127.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.5", "256.1.1.1", "*.1", "[::1", "[x]", "a" * 300, "h?q", "h#f"),
    ],
)
def test_what_is_not_a_host_is_refused_with_a_remedy(text):
    with pytest.raises(BadPatternError) as caught:
        read_host(text)
    assert caught.value.hint


def test_an_address_is_answered_with_the_host_to_write():
    with pytest.raises(BadPatternError) as caught:
        read_host("https://me:secret@api.example.com/v1")
    assert caught.value.hint == "write api.example.com alone"


@pytest.mark.parametrize(
    "text", ["a", "src/**", "**", "**/*.md", "data/*.cs?", "~/notes/**", "app/[id]/x", "a b/\u00e9"]
)
def test_relative_patterns_are_paths(text):
    assert read_path(text) == text
    assert read_path(f"./{text}") == text or text.startswith("~")


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "../x", "a/../b", "a//b", "a/", "/etc/passwd", "C:/x", "c:x", "a\\b", "~", "~/", "~bob/x"),
        *("~/../x", "a/./b", "src**/x", "a\nb", "a\u202eb", "x" * 300),
    ],
)
def test_what_is_not_such_a_path_is_refused_with_a_remedy(text):
    with pytest.raises(BadPatternError) as caught:
        read_path(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*", "a.example:443", True),
        ("*:443", "a.example:443", True),
        ("*:443", "a.example", False),
        ("a.example", "a.example:443", True),
        ("a.example:443", "a.example", False),
        ("*.example", "a.b.example", True),
        ("*.example", "*.b.example", True),
        ("*.example", "example", False),
        ("*.example", "badexample", False),
        ("*.b.example", "*.example", False),
        ("a.example", "*", False),
    ],
)
def test_hosts_cover_those_below_them(wide, narrow, expected):
    assert host_covers(wide, narrow) is expected


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("**", "a/b/*.md", True),
        ("**", "~/a", False),
        ("~/**", "a", False),
        ("~/**", "~/a/*", True),
        ("src/**", "src/a/**", True),
        ("src/**", "src", True),
        ("src/*", "src/a", True),
        ("src/*", "src/a/b", False),
        ("src/*", "src/**", False),
        ("src/*", "src/*.py", True),
        ("*.py", "a.py", True),
        ("?.py", "ab.py", False),
        ("**/*.py", "a/b/c.py", True),
        ("**/x/**", "a/x/b", True),
        ("app/[id]", "app/i", False),
        ("app/[id]", "app/[id]", True),
    ],
)
def test_patterns_cover_what_they_name(wide, narrow, expected):
    assert path_covers(wide, narrow) is expected


def test_only_what_is_really_new_is_added():
    old = read({**FULL, "subprocess": False, "environment": []})
    new = read(
        {
            "network": {"outbound": ["a.example.org", "new.example"]},
            "filesystem": {"read": ["src/a/*", "docs/**"], "write": ["out/x"]},
            "subprocess": True,
            "environment": ["TOKEN"],
            "integrations": ["slack.post_message", "github"],
        }
    )
    assert added(old, new) == [
        Grant(kind="network_outbound", value="new.example", text="contact new.example"),
        Grant(kind="filesystem_read", value="docs/**", text="read docs/** in the project"),
        Grant(kind="subprocess", value="", text="start other programs"),
        Grant(kind="environment", value="TOKEN", text="read the environment variable TOKEN"),
        Grant(kind="integrations", value="github", text="use the integration github"),
    ]


def test_writing_is_new_where_only_reading_was_allowed():
    reading, writing = read({"filesystem": {"read": ["a"]}}), read({"filesystem": {"write": ["a"]}})
    assert [grant.kind for grant in added(reading, writing)] == ["filesystem_write"]


labels = st.sampled_from(["a", "b", "api", "x1"])
names = st.lists(labels, min_size=1, max_size=3).map(".".join)
hosts = st.builds("{}{}{}".format, st.sampled_from(["", "*."]), names, st.sampled_from(["", ":80", ":443"])) | st.just(
    "*"
)
segments = st.sampled_from(["a", "b", "ab", "*", "a*", "?", "**", "*.md", "x.md"])
paths = st.lists(segments, min_size=1, max_size=5).map("/".join)
any_permissions = st.builds(
    Permissions,
    network_outbound=st.lists(hosts, max_size=3, unique=True).map(sorted).map(tuple),
    filesystem_read=st.lists(paths, max_size=3, unique=True).map(sorted).map(tuple),
    filesystem_write=st.lists(paths, max_size=3, unique=True).map(sorted).map(tuple),
    subprocess=st.booleans(),
    environment=st.lists(st.sampled_from(["A", "B"]), unique=True).map(sorted).map(tuple),
    integrations=st.lists(st.sampled_from(["github", "github.x", "slack"]), unique=True).map(sorted).map(tuple),
)


@given(any_permissions)
def test_every_declaration_survives_being_shown_and_adds_nothing_to_itself(permissions):
    assert read(json.loads(json.dumps(permissions.show()))) == permissions
    assert added(permissions, permissions) == []
    assert [grant.text for grant in added(NO_PERMISSIONS, permissions)] == permissions.describe()


def matches(pattern: list[str], path: list[str]) -> bool:
    """What a pattern names, written down a second time and more slowly."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(matches(pattern[1:], path[count:]) for count in range(len(path) + 1))
    return bool(path) and matches_name(pattern[0], path[0]) and matches(pattern[1:], path[1:])


def matches_name(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(matches_name(pattern[1:], name[count:]) for count in range(len(name) + 1))
    return bool(name) and pattern[0] in (name[0], "?") and matches_name(pattern[1:], name[1:])


@given(paths, paths, st.lists(st.sampled_from(["a", "b", "ab", "abc", "x.md", "y.md"]), min_size=1, max_size=6))
def test_a_pattern_that_covers_another_names_all_its_files(wide, narrow, path):
    if path_covers(wide, narrow) and matches(narrow.split("/"), path):
        assert matches(wide.split("/"), path)


KEYS = ["network", "outbound", "filesystem", "read", "subprocess", "environment", "x"]
any_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=10,
)


@given(any_value)
def test_any_value_gives_permissions_or_faults(value):
    permissions, _ = read_permissions(value)
    assert read(permissions.show()) == permissions


def test_hostile_patterns_take_no_time():
    started = time.process_time()
    path_covers("/".join(["**", "a"] * 60), "/".join(["a"] * 120 + ["b"]))
    path_covers("*a" * 120 + "b", "a" * 250)
    read_permissions(network(*["a." * 130 + "x"] * 100))
    assert time.process_time() - started < 2
