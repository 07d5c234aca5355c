"""`skillyard credentials`: the secret is piped or typed, and shown nowhere."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.running import a_server, sign_in

TEXT = "sk-proj-0123456789abcdefghij"


def test_a_secret_is_piped_in_and_no_command_shows_it(tmp_path: Path) -> None:
    with a_server(tmp_path / "server", worker=False, log_level="debug") as server:
        ada = sign_in(server, tmp_path / "ada", "ada")
        ended = [
            ada.run("credentials", "add", "openai", "--label", "team", stdin=f"{TEXT}\n"),
            ada.run("credentials", "add", "github", "--for-scripts", "--json", stdin=TEXT),
            ada.run("credentials", "list"),
            ada.run("credentials", "list", "--json"),
        ]
        github, openai = ada.data("credentials", "list")
        assert (github["variable"], github["for_scripts"]) == ("GITHUB_API_KEY", True)
        assert (openai["label"], openai["for_scripts"]) == ("team", False)
        assert "scripts as GITHUB_API_KEY" in ended[2].stdout
        ended += [
            ada.run("credentials", "uses", openai["id"]),
            ada.run("credentials", "remove", openai["id"]),
            ada.run("credentials", "remove", openai["id"], expect=1),
            ada.run("credentials", "add", "openai", stdin=" \n", expect=2),
            ada.run("credentials", "add", "openai", stdin="short", expect=1),
        ]
        assert "no secret was given" in ended[-2].stderr
        assert "8 to 8000 characters" in ended[-1].stderr
        ended.append(ada.run("credentials", "add", "openai", TEXT, expect=2))
        assert not [end for end in ended if TEXT in end.stdout]
        assert not [end for end in ended[:-1] if TEXT in end.stderr]
