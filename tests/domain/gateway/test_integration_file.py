"""Files of integrations: read whole, or refused with every fault and its line."""

from __future__ import annotations

from skillyard.domain.gateway.catalog import read_shipped


def test_a_shipped_file_says_what_its_endpoints_take_and_where_it_goes() -> None:
    github = read_shipped("github")
    repo, title, *_ = github.endpoints["create_issue"].params
    assert (repo.where, repo.is_required, repo.keeps_slashes) == ("path", True, True)
    assert (title.where, title.name_there, title.schema["type"]) == ("body", "title", "string")
    assert github.endpoints["create_issue"].schema["required"] == ["repo", "title"]
