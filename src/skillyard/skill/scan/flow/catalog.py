"""The rules about what scripts do."""

from __future__ import annotations

from skillyard.skill.scan.finding import Category, Owasp, Rule, Severity


def _rule(
    what: str, severity: Severity, confidence: float, title: str, why: str, advice: str,
    owasp: Owasp = Owasp.MALICIOUS_SKILLS,
) -> Rule:  # fmt: skip
    return Rule(
        id=f"code.{what}", category=Category.CODE, owasp=owasp, severity=severity, confidence=confidence,
        title=title, why=why, advice=advice,
    )  # fmt: skip


SECRET_SENT = _rule(
    "secret-sent", Severity.CRITICAL, 0.95, "Secrets of the user are sent away",
    "Keys, logins or the whole environment reach the network. Who has them can act as the user.",
    "Do not run it. If it ran, revoke every key that was readable. A skill needs one key of one service, by name.",
)  # fmt: skip
KEY_TO_STRANGER = _rule(
    "key-to-stranger", Severity.HIGH, 0.65, "A key of one service is sent to another",
    "A key that goes to a host it was not made for can be used there in the user's name.",
    "Send a key only to the service that issued it, and name that host in SKILL.md and in the permissions.",
)  # fmt: skip
WATCHES_USER = _rule(
    "watches-user", Severity.HIGH, 0.7, "What the user types, copies, sees or keeps is sent away",
    "Keystrokes, the clipboard, the screen and documents hold passwords and private matters of the user and of others.",
    "Do not run it unless the user asked for exactly this, sees what is sent, and knows the receiver.",
)  # fmt: skip
DOWNLOAD_RUN = _rule(
    "download-run", Severity.HIGH, 0.65, "What was downloaded is run",
    "Whoever serves the address decides what runs, may change it at any time, and may serve each machine "
    "something else.",
    "Ship the script in the skill, or pin a version with its hash; install tools by a package manager.",
    Owasp.SUPPLY_CHAIN_COMPROMISE,
)  # fmt: skip
DECODED_RUN = _rule(
    "decoded-run", Severity.HIGH, 0.75, "Encoded data is decoded and run",
    "Code that is stored unreadable is stored that way so that nobody reads it.",
    "Write the code out. Do not run the skill before somebody read what the data decodes to.",
)  # fmt: skip
HIDDEN_CALL = _rule(
    "hidden-call", Severity.HIGH, 0.7, "The name of a dangerous call is put together from pieces",
    "Honest code calls a function by its name; names are pieced together to get past those who read or search.",
    "Call the function by its name, or do not use it.",
)  # fmt: skip
REVERSE_SHELL = _rule(
    "reverse-shell", Severity.CRITICAL, 0.95, "A shell is handed to another machine",
    "Whoever listens there types commands on the user's machine.",
    "Do not run it. Look at the machine if it ran.",
)  # fmt: skip
UNSAFE_LOAD = _rule(
    "unsafe-load", Severity.LOW, 0.5, "Data is read in a format that can run code",
    "Reading pickle, marshal and similar formats runs what the file says.",
    "Use JSON, safetensors, yaml.safe_load or weights_only=True.",
    Owasp.WEAK_ISOLATION,
)  # fmt: skip
DESTRUCTIVE = _rule(
    "destructive", Severity.HIGH, 0.75, "Files or disks of the user are destroyed",
    "It deletes far more than what the skill made, and nothing brings it back.",
    "Delete only by full name what the skill itself created, after the user said yes.",
)  # fmt: skip
WEAKENS_MACHINE = _rule(
    "weakens-machine", Severity.MEDIUM, 0.6, "A protection of the machine is switched off",
    "Firewalls, quarantine, antivirus, sudo's password and logs stand between a bad program and the user.",
    "Leave protections on. If one is in the way, tell the user why and let them decide.",
    Owasp.WEAK_ISOLATION,
)  # fmt: skip
MINER = _rule(
    "miner", Severity.HIGH, 0.7, "A miner of cryptocurrency is started",
    "It spends the user's power and money for somebody else.",
    "Remove it.",
)  # fmt: skip
RUNS_DATA = _rule(
    "runs-data", Severity.HIGH, 0.7, "A file that looks like data is run",
    "A program under the name of a picture, a log or a data file is there so that nobody reads it.",
    "Give scripts the name of what they are.",
)  # fmt: skip
HOSTILE_COMMAND = _rule(
    "hostile-command", Severity.HIGH, 0.65, "A command that hardly any honest script has",
    "The line downloads and runs, decodes and runs, or opens a shell to the network.",
    "Read the line closely, and do not run it if its purpose is not plain.",
)  # fmt: skip
EVADES = _rule(
    "evades", Severity.HIGH, 0.65, "Harm is done only where nobody looks",
    "The script asks for the date, for CI or for a sandbox before it does what other findings say.",
    "Do not run it. Honest code does not care who watches.",
    Owasp.POOR_SCANNING,
)  # fmt: skip
TOO_COMPLEX = _rule(
    "too-complex", Severity.HIGH, 0.6, "A script is too complex to be followed",
    "Nesting and constructions that no person writes keep a scan from seeing what the script does.",
    "Write the script in a plain way, or ship the generated part as a package of its own.",
    Owasp.POOR_SCANNING,
)  # fmt: skip
UNREADABLE = _rule(
    "unreadable", Severity.LOW, 0.5, "A script is not valid in its language",
    "What cannot be parsed was only searched for patterns; its data was not followed.",
    "Correct the syntax, or give a template a name that says so.",
    Owasp.POOR_SCANNING,
)  # fmt: skip
BY_PATTERN = _rule(
    "by-pattern", Severity.INFO, 0.9, "A long or minified script was only searched for patterns",
    "Its data was not followed, so that less is known of it than of other scripts.",
    "Ship readable sources, and let a package manager fetch libraries.",
    Owasp.POOR_SCANNING,
)  # fmt: skip
RULES = (
    SECRET_SENT, KEY_TO_STRANGER, WATCHES_USER, DOWNLOAD_RUN, DECODED_RUN, HIDDEN_CALL, REVERSE_SHELL, UNSAFE_LOAD,
    DESTRUCTIVE, WEAKENS_MACHINE, MINER, RUNS_DATA, HOSTILE_COMMAND, EVADES, TOO_COMPLEX, UNREADABLE, BY_PATTERN,
)  # fmt: skip
