"""The `skillyard` command: which verbs there are; each is loaded when it is called."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App

_VERBS = {
    "Find and install": {
        "search": "find:search",
        "info": "find:info",
        "install": "project:install",
        "ci": "project:ci",
        "update": "project:update",
        "outdated": "project:outdated",
        "uninstall": "project:uninstall",
        "list": "project:list_installed",
        "verify": "project:verify",
        "why": "project:why",
    },
    "Write and publish": {
        "init": "author:init",
        "pack": "author:pack",
        "publish": "author:publish",
        "yank": "author:yank",
        "deprecate": "author:deprecate",
        "channel": "author:channel",
    },
    "Account": {
        "login": "account:login",
        "logout": "account:logout",
        "whoami": "account:whoami",
        "tokens": "account:tokens",
        "namespaces": "account:namespaces",
        "config": "account:config",
    },
    "API": {"ops": "api:ops", "call": "api:call", "request": "api:request"},
    "Server": {
        "demo": "demo:demo",
        "serve": "server:serve",
        "worker": "server:worker",
        "doctor": "server:doctor",
        "backup": "server:backup",
        "restore": "server:restore",
        "sign-in-link": "server:sign_in_link",
    },
}
_ALIASES = {"install": ["i", "add"], "uninstall": ["remove", "rm"], "list": ["ls"]}


def build_commands() -> App:
    """The command line as a cyclopts App, with every verb still unloaded."""
    from cyclopts import App, Group

    from skillyard import __version__

    commands = App(name="skillyard", version=__version__, help="Publish, find, install and verify agent skills.")
    for order, (title, verbs) in enumerate(_VERBS.items()):
        group = Group(title, sort_key=order)
        for verb, place in verbs.items():
            module, function = place.split(":")
            names = [verb, *_ALIASES.get(verb, [])]
            commands.command(f"skillyard.cli.{module}:{function}", name=names, group=group)
    return commands


def main() -> None:
    """Run one command and leave with its exit code: 0 ok, 1 refused or failed, 2 usage, 3 try again, 4 needs input."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from skillyard import __version__

        print(__version__)
        return
    _run(arguments)


def _run(arguments: list[str]) -> None:
    from skillyard.sdk.errors import SdkError

    try:
        build_commands()(arguments, result_action="return_none")
    except SdkError as error:
        from skillyard.cli.show import fail

        fail(error, as_json="--json" in arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main()
