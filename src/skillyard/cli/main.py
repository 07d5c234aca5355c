"""The `skillyard` command: which verbs there are; each is loaded when it is called."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App

_VERBS = {
    "Find and install": {
        "search": ("find:search", "Find skills by words."),
        "info": ("find:info", "Show a skill or one release."),
        "install": ("project:install", "Install skills with all that they need."),
        "ci": ("project:ci", "Install exactly what the lockfile says."),
        "update": ("project:update", "Bring skills to the newest version that fits."),
        "outdated": ("project:outdated", "List what has a newer version."),
        "uninstall": ("project:uninstall", "Remove skills."),
        "list": ("project:list_installed", "List what is installed."),
        "verify": ("project:verify", "Hash every installed file again."),
        "why": ("project:why", "Show what brought a skill in."),
    },
    "Write and publish": {
        "init": ("author:init", "Make a new skill."),
        "pack": ("author:pack", "Check a skill and pack it reproducibly."),
        "publish": ("author:publish", "Publish a skill folder as a release."),
        "yank": ("author:yank", "Stop offering a release to new installs."),
        "deprecate": ("author:deprecate", "Tell users to move on."),
        "channel": ("author:channel", "Point a channel at a release."),
    },
    "Trust": {
        "scan": ("trust:scan", "Scan a skill for what it may do to you."),
        "audit": ("trust:audit", "Check everything that is installed."),
        "diff": ("trust:diff", "Say what an update may newly do."),
        "appeal": ("trust:appeal", "Object to a finding of the scan."),
        "review": ("trust:review", "Answer appeals, for reviewers."),
        "recall": ("trust:recall", "Recall dangerous releases."),
        "advisories": ("trust:advisories", "List recalls."),
        "trust": ("publishers:trust", "CI workflows that may publish without a token."),
    },
    "Account": {
        "login": ("account:login", "Sign in."),
        "logout": ("account:logout", "Sign out and revoke the token."),
        "whoami": ("account:whoami", "Show who you are to the registry."),
        "tokens": ("account:tokens", "List, create and revoke tokens."),
        "namespaces": ("account:namespaces", "Namespaces and their members."),
        "config": ("account:config", "The client's settings."),
    },
    "API": {
        "ops": ("api:ops", "List the operations of the API."),
        "call": ("api:call", "Call an operation by its id."),
        "request": ("api:request", "Send any request."),
    },
    "Server": {
        "demo": ("demo:demo", "See the main job from end to end, on a private server."),
        "serve": ("server:serve", "Keep a server running."),
        "worker": ("server:worker", "Run jobs only."),
        "doctor": ("server:doctor", "Check this machine's instance."),
        "backup": ("server:backup", "Copy everything to one file."),
        "restore": ("server:restore", "Fill an empty instance from a backup."),
        "sign-in-link": ("server:sign_in_link", "Print a one-time sign-in link."),
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
        for verb, (place, summary) in verbs.items():
            names = [verb, *_ALIASES.get(verb, [])]
            commands.command(f"skillyard.cli.{place}", name=names, group=group, help=summary)
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
