from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.domain.drive.git_address import GitAddress, read_address
from skillyard.domain.drive.git_errors import BadGitAddress, RefNotFound
from skillyard.infra.git_remote import Refs

MAIN, OTHER, TAG, TAGGED = "a" * 40, "b" * 40, "c" * 40, "d" * 40
REFS = Refs(
    objects={
        "HEAD": MAIN,
        "refs/heads/main": MAIN,
        "refs/heads/feature/x": OTHER,
        "refs/tags/v1": TAG,
        "refs/tags/main": TAG,
    },
    commits={"refs/tags/v1": TAGGED},
)


@pytest.mark.parametrize(
    ("text", "repository", "ref", "path"),
    [
        ("github.com/acme/tools", "github.com/acme/tools", "HEAD", ""),
        ("github.com/acme/tools/", "github.com/acme/tools", "HEAD", ""),
        ("GitHub.com/acme/tools.git", "github.com/acme/tools.git", "HEAD", ""),
        ("github.com/acme/tools?tab=readme#x", "github.com/acme/tools", "HEAD", ""),
        ("github.com/a/b/tree/main", "github.com/a/b", "refs/heads/main", ""),
        ("github.com/a/b/tree/main/skills/pdf/", "github.com/a/b", "refs/heads/main", "skills/pdf"),
        ("github.com/a/b/tree/feature/x/skills/pdf", "github.com/a/b", "refs/heads/feature/x", "skills/pdf"),
        ("github.com/a/b/tree/feature%2Fx/my%20pdf", "github.com/a/b", "refs/heads/feature/x", "my pdf"),
        ("github.com/a/b/tree/v1/pdf", "github.com/a/b", "refs/tags/v1", "pdf"),
        ("github.com/a/b/blob/main/pdf/SKILL.md", "github.com/a/b", "refs/heads/main", "pdf"),
        (f"github.com/a/b/tree/{OTHER}/pdf", "github.com/a/b", OTHER, "pdf"),
        (f"github.com/a/b/commit/{OTHER}", "github.com/a/b", OTHER, ""),
        ("gitlab.com/a/g/h/b/-/tree/main/pdf?ref_type=heads", "gitlab.com/a/g/h/b", "refs/heads/main", "pdf"),
        ("gitlab.com/a/b/-/blob/main/SKILL.md", "gitlab.com/a/b", "refs/heads/main", ""),
        ("codeberg.org/a/b/src/branch/main/pdf", "codeberg.org/a/b", "refs/heads/main", "pdf"),
        ("codeberg.org/a/b/src/tag/main/pdf", "codeberg.org/a/b", "refs/tags/main", "pdf"),
        (f"codeberg.org/a/b/src/commit/{OTHER}/pdf", "codeberg.org/a/b", OTHER, "pdf"),
        ("bitbucket.org/a/b/src/main/pdf/", "bitbucket.org/a/b", "refs/heads/main", "pdf"),
        ("git.example.com:8443/x/y/z.git", "git.example.com:8443/x/y/z.git", "HEAD", ""),
        ("git.example.com/z.git/tree/main/pdf", "git.example.com/z.git", "refs/heads/main", "pdf"),
    ],
)
def test_addresses_of_every_forge_lead_to_a_folder(text: str, repository: str, ref: str, path: str) -> None:
    spot = read_address(f"https://{text}").find(REFS)
    assert (spot.repository, spot.ref, spot.path) == (f"https://{repository}", ref, path)


def test_a_tag_that_is_an_object_of_its_own_is_fetched_as_such_and_known_by_its_commit() -> None:
    spot = read_address("https://github.com/a/b/tree/v1").find(REFS)
    assert (spot.oid, spot.commit) == (TAG, TAGGED)


def test_a_branch_is_meant_where_a_tag_has_the_same_name() -> None:
    assert read_address("https://github.com/a/b/tree/main").find(REFS).ref == "refs/heads/main"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("git@github.com:acme/tools.git", "write https://github.com/acme/tools.git"),
        ("ssh://git@github.com/acme/tools.git", "write https://github.com/acme/tools.git"),
        ("file:///etc/passwd", "https://"),
        ("ssh://example.com/x.git", "https://"),
        ("git://example.com/x.git", "https://"),
        ("ext::sh -c touch% /tmp/x", "characters"),
        ("--upload-pack=touch /tmp/x", "characters"),
        ("--upload-pack=x", "https://"),
        ("/etc", "https://"),
        ("acme/pdf", "https://"),
        ("", "characters"),
        ("https://", "no server"),
        ("https:///a/b", "no server"),
        ("https://github.com", "no repository"),
        ("https://[::1/a/b", "cannot be read"),
        ("https://host:port/a/b", "cannot be read"),
        ("https://ada:secret@github.com/a/b", "name or password"),
        ("https://token@github.com/a/b", "name or password"),
        ("https://github.com/a/b/tree/main/../../x", "no folder is called"),
        ("https://github.com/a/b/tree/main/%2e%2e/x", "no folder is called"),
        ("https://github.com/a/b/tree/main/x%2f..%2fy", "no folder is called"),
        ("https://github.com/a/b/tree/main/x%00y", "no folder is called"),
        ("https://github.com/a/b/tree/main/x%0ay", "no folder is called"),
        ("https://github.com/a/b/tree/main/x%ffy", "no folder is called"),
        ("https://github.com/a/b/tree/main/x%5c..", "no folder is called"),
        ("https://github.com/a/b\\tree", "characters"),
        ("https://github.com/a/b/tree", "branch is missing"),
        ("https://github.com/a/b/blob/main/x.py", "leads to a file"),
        ("https://gitlab.com/a/b/-/issues/3", "leads to issues"),
        ("https://github.com/" + "a/" * 50, "too long"),
        ("https://github.com/" + "a" * 3000, "too long"),
        ("https://gïthub.com/a/b", "characters"),
    ],
)
def test_what_is_no_address_of_a_repository_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BadGitAddress) as refused:
        read_address(text)
    assert why in refused.value.message
    assert "secret" not in refused.value.message
    assert "token" not in refused.value.message


def test_a_name_that_the_repository_does_not_have_is_said() -> None:
    with pytest.raises(RefNotFound, match="no branch, tag or commit nowhere/pdf"):
        read_address("https://github.com/a/b/tree/nowhere/pdf").find(REFS)
    with pytest.raises(RefNotFound):
        read_address("https://codeberg.org/a/b/src/branch/v1/pdf").find(REFS)
    with pytest.raises(RefNotFound):
        read_address("https://github.com/a/b").find(Refs(objects={}, commits={}))


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for spelled in (text, f"https://github.com/a/b/tree/{text}", f"https://{text}"):
        try:
            read = read_address(spelled)
        except BadGitAddress:
            continue
        assert isinstance(read, GitAddress)
        assert all(part.isprintable() and part not in (".", "..", "") for part in read.tail)
