"""The `skillyard` command: which verbs there are; each is loaded when it is called."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App, CycloptsError

    from skillyard.sdk.errors import SdkError

_VERBS = {
    "Find and install": {
        "search": ("find:search", "Find skills by words."),
        "discover": ("sources:discover", "Find skills by words, with where they are from."),
        "info": ("find:info", "Show a skill or one release."),
        "install": ("project:install", "Install skills with all that they need."),
        "ci": ("project:ci", "Install exactly what the lockfile says."),
        "update": ("project:update", "Bring skills to the newest version that fits."),
        "outdated": ("project:outdated", "List what has a newer version."),
        "uninstall": ("project:uninstall", "Remove skills."),
        "list": ("project:list_installed", "List what is installed."),
        "verify": ("project:verify", "Hash every installed file again."),
        "why": ("project:why", "Show what brought a skill in."),
        "sync": ("sync:sync", "Bring your skills here and in your drive in line."),
    },
    "Drive": {
        "drive": ("drive:drive", "The skills that you have everywhere: list, import, update, share."),
        "bundle": ("handing:bundle", "Take your drive, a collection or a skill along as a zip."),
        "ticket": ("handing:ticket", "Let a machine without a token put a skill into a drive."),
        "collections": ("collections:collections", "Keys that see a slice of your drive."),
        "teams": ("teams:teams", "Invite people to a team, and answer invitations."),
        "sources": ("sources:sources", "Git repositories whose skills are published here, for administrators."),
    },
    "Write and publish": {
        "init": ("author:init", "Make a new skill."),
        "pack": ("author:pack", "Check a skill and pack it reproducibly."),
        "publish": ("author:publish", "Publish a skill folder as a release."),
        "yank": ("author:yank", "Stop offering a release to new installs."),
        "deprecate": ("author:deprecate", "Tell users to move on."),
        "channel": ("author:channel", "Point a channel at a release."),
    },
    "Run": {
        "run": ("running:run", "Run a script of a skill, in a sandbox."),
        "runs": ("runs:runs", "Your runs, their output and files."),
        "sessions": ("runs:sessions", "Workspaces for several runs."),
        "receipt": ("runs:receipt", "What the registry swears of a run."),
    },
    "Trust": {
        "scan": ("trust:scan", "Scan a skill for what it may do to you."),
        "audit": ("trust:audit", "Check everything that is installed."),
        "diff": ("trust:diff", "Say what an update may newly do."),
        "appeal": ("trust:appeal", "Object to a finding of the scan."),
        "review": ("trust:review", "Answer appeals, for reviewers."),
        "recall": ("trust:recall", "Recall dangerous releases."),
        "advisories": ("trust:advisories", "List recalls."),
        "log": ("log:log", "The registry's public log."),
        "trust": ("publishers:trust", "CI workflows that may publish without a token."),
    },
    "Sell": {
        "sell": ("selling:sell", "Put a skill up for sale, or take it off."),
        "price": ("selling:price", "Set or show the prices of a skill."),
        "sales": ("selling:sales", "List what you have sold."),
        "access": ("selling:access", "Give skills away, and take them back."),
        "refund": ("buying:refund", "Give a buyer money back."),
        "balance": ("payouts:balance", "Show what you have earned."),
        "payouts": ("payouts:payouts", "Be paid what you have earned."),
    },
    "Buy": {
        "buy": ("buying:buy", "Buy a skill."),
        "invoice": ("buying:invoice", "Show invoices, wait for them, cancel them."),
        "bought": ("buying:bought", "List what you have bought."),
        "credits": ("treasury:credits", "Your credits, and how to buy some."),
        "rate": ("treasury:rate", "What TON is worth; administrators say it."),
        "charges": ("treasury:charges", "Payments elsewhere that are in doubt, for administrators."),
        "deposits": ("treasury:deposits", "Money that names no invoice, for administrators."),
    },
    "Invoke": {
        "offers": ("market:offers", "Skills that can be invoked."),
        "invoke": ("market:invoke", "Invoke a skill and print what it gives."),
        "invocations": ("market:invocations", "What you invoked, or were asked for."),
        "work": ("work:work", "Work off invocations of what you offer."),
        "wanted": ("board:wanted", "What people look for, and what matches it."),
        "compositions": ("composing:compositions", "Offers run one after the other."),
        "stars": ("board:stars", "Rate an offer, or show its ratings."),
        "favorites": ("board:favorites", "Offers that you want to find again."),
        "leaderboard": ("board:leaderboard", "What is used most, installed most, or liked best."),
    },
    "Account": {
        "login": ("account:login", "Sign in."),
        "logout": ("account:logout", "Sign out and revoke the token."),
        "whoami": ("account:whoami", "Show who you are to the registry."),
        "tokens": ("account:tokens", "List, create and revoke tokens."),
        "identities": ("identities:identities", "Identities at providers that sign you in."),
        "credentials": ("credentials:credentials", "Your secrets for services that skills use."),
        "integrations": ("integrations:integrations", "Services that agents and skills call, and how."),
        "connections": ("connections:connections", "Your accounts at services that agents and skills act for."),
        "calls": ("calling:calls", "What was called of integrations, by you and with your skills."),
        "grants": ("grants:grants", "What skills may call in your name."),
        "webhooks": ("hooks:webhooks", "Addresses that are told what happens."),
        "agents": ("agents:agents", "Programs that act for you."),
        "claims": ("claims:claims", "What is known about you, and the trust that it makes."),
        "namespaces": ("account:namespaces", "Namespaces and their members."),
        "config": ("account:config", "The client's settings."),
        "telemetry": ("telemetry:telemetry", "What your registry is told about installs."),
    },
    "API": {
        "ops": ("api:ops", "List the operations of the API."),
        "call": ("calling:call", "Call an integration, or an operation by its id."),
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
_ALIASES = {"install": ["i", "add"], "uninstall": ["remove", "rm"], "list": ["ls"], "invoice": ["invoices"]}


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
    """Run one command and leave with its exit code: 0 ok, 1 refused or failed, 2 usage, 3 try again, 4 needs input.

    130 when interrupted, 141 when whoever reads the output went away: as shells say it of programs that a signal ended.
    """
    try:
        try:
            _run(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
        sys.exit(141)


def _run(arguments: list[str]) -> None:
    if arguments == ["--version"]:
        from skillyard import __version__

        print(__version__)
        return
    from cyclopts import CycloptsError

    from skillyard.cli import show
    from skillyard.sdk.errors import SdkError

    as_json = "--json" in arguments
    try:
        build_commands()(arguments, result_action="return_none", print_error=False, exit_on_error=False)
    except SdkError as error:
        show.fail(error, as_json=as_json)
    except CycloptsError as error:
        show.fail(_misused(error), as_json=as_json)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("SKILLYARD_DEBUG") == "1":
            raise
        show.fail(_unexpected(error), as_json=as_json)


def _misused(error: CycloptsError) -> SdkError:
    from skillyard.sdk.errors import UsageError

    command = " ".join(["skillyard", *(error.command_chain or ())])
    return UsageError(" ".join(str(error).split()), code="usage", hint=f"See `{command} --help`.")


def _unexpected(error: Exception) -> SdkError:
    from skillyard.sdk.errors import SdkError

    said = " ".join(str(error).split())[:500]
    return SdkError(
        f"unexpected {type(error).__name__}" + (f": {said}" if said else ""),
        code="unexpected",
        hint="This is a fault of skillyard: run it again with SKILLYARD_DEBUG=1 to see where, and report it.",
    )


if __name__ == "__main__":
    main()
