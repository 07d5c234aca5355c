"""Prose that turns an agent against its user: what it is told to take, send, hide, run, spend or believe."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.skill.scan.family import Family
from skillyard.skill.scan.finding import Category, Finding, Owasp, Rule, Severity
from skillyard.skill.scan.prose.beacon import beacons_in
from skillyard.skill.scan.prose.judge import judge
from skillyard.skill.scan.prose.reading import Reading
from skillyard.skill.scan.subject import Kind, Part, Subject, View

_M, _A, _H = Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL


def _rule(
    name: str, title: str, why: str, advice: str, owasp: Owasp = Owasp.MALICIOUS_SKILLS, confidence: float = 0.7
) -> Rule:
    return Rule(
        id=f"instructions.{name}",
        category=Category.INSTRUCTIONS,
        owasp=owasp,
        severity=Severity.HIGH,
        confidence=confidence,
        title=title,
        why=why,
        advice=advice,
    )


_RULES = (
    _rule(
        "override",
        "Tells the agent to ignore its instructions",
        "A skill adds to what the user and the agent's maker asked for; one that lifts their rules works against them.",
        "Remove the sentence; say what the skill does instead of what the agent should disregard.",
    ),
    _rule(
        "exfiltrate",
        "Tells the agent to send secrets away",
        "Keys, credentials and environment variables let a stranger act as the user.",
        "Remove it. If a service needs a key, name the one variable and send it to that service only.",
    ),
    _rule(
        "harvest",
        "Tells the agent to read secrets without being seen",
        "Secrets that were read without the user's knowledge end up in answers, logs or requests.",
        "Remove it, or say openly which secret is needed and let the user hand it over.",
    ),
    _rule(
        "surveil",
        "Tells the agent to pass on conversations or files of the user",
        "What the user says and has on the disk leaves the machine without a decision of the user.",
        "Remove it, or make it a step that the user asks for, with the address the user gives.",
    ),
    _rule(
        "conceal",
        "Tells the agent to hide its actions from the user",
        "Users can only stop what they see; honest instructions have no reason to be kept secret.",
        "Remove the sentence, and let the agent report what it did.",
    ),
    _rule(
        "password-archive",
        "Asks for a download in an archive with a password",
        "A password keeps virus scanners from looking into the archive; that is why malware is shipped so.",
        "Offer the program without a password, from its maker's own address, with a checksum.",
        Owasp.SUPPLY_CHAIN_COMPROMISE,
    ),
    _rule(
        "paste-and-run",
        "Asks to run a command that stands on a page elsewhere",
        "What the page says can change at any time, and nobody who reads the skill sees the command.",
        "Write the command into the skill, or name the package to be installed.",
        Owasp.SUPPLY_CHAIN_COMPROMISE,
    ),
    _rule(
        "download-and-run",
        "Asks to download a program from a stranger and to run it",
        "Whoever controls the address controls the machine, without any command that a scan could follow.",
        "Use a package manager or the vendor's own address, pin the version, and give a checksum.",
        Owasp.SUPPLY_CHAIN_COMPROMISE,
    ),
    _rule(
        "unseen-run",
        "Asks to run something without looking at it",
        "What must not be read before it runs has something in it that would keep it from being run.",
        "Ship readable scripts, and let the agent read what it runs.",
    ),
    _rule(
        "disable-protection",
        "Asks to switch off a protection",
        "Virus protection, sandboxes and confirmations are what stands between a mistake and the user's data.",
        "Remove it; sign and publish the program so that it runs with protections on.",
        Owasp.WEAK_ISOLATION,
    ),
    _rule(
        "auto-approve",
        "Asks for everything to be approved unseen",
        "When nothing is asked any more, nothing can be refused.",
        "Name the few commands that are needed, in `allowed-tools` or the permissions of the manifest.",
        Owasp.OVER_PRIVILEGED_SKILLS,
    ),
    _rule(
        "shadowing",
        "Pushes itself in front of other skills or tools",
        "A skill that is always loaded first sees every task and can replace tools the user trusts.",
        "Describe when the skill is useful, and leave the choice to the agent.",
        Owasp.INSECURE_METADATA,
    ),
    _rule(
        "false-authority",
        "Speaks as the system, or claims a consent",
        "A skill cannot speak for the system or the user; text that pretends to wants to lift their limits.",
        "Write as the author of a skill, and ask the user where consent is needed.",
    ),
    _rule(
        "scanner-bait",
        "Speaks to scanners or reviewers",
        "Text that asks for a good verdict is meant to keep somebody from looking.",
        "Remove it; use the appeal if a finding is wrong.",
        Owasp.POOR_SCANNING,
    ),
    _rule(
        "memory-poisoning",
        "Writes orders into the agent's memory or rules",
        "What stands in memory and rule files acts in every later session, also after the skill is removed.",
        "Keep instructions in the skill; ask the user before touching such files, and show the lines.",
    ),
    _rule(
        "image-beacon",
        "Puts data into the address of an image",
        "Showing the image sends the data to its host, without any tool call that the user could refuse.",
        "Remove the image, or use a fixed address.",
    ),
    _rule(
        "spend-money",
        "Moves money without asking",
        "Payments, most of all in crypto currencies, cannot be taken back.",
        "Ask the user before each payment, with amount and receiver.",
    ),
    _rule(
        "propagate",
        "Spreads itself to other projects or agents",
        "A skill that copies itself is a worm: it acts where nobody chose to install it.",
        "Remove it; users install skills where they want them.",
        Owasp.CROSS_PLATFORM_REUSE,
    ),
    _rule(
        "reputation",
        "Has the agent praise or rate in the user's name",
        "Ratings that users did not give mislead others, and act with the user's accounts.",
        "Remove it, or ask the user once, openly.",
    ),
    _rule(
        "remote-instructions",
        "Loads its instructions from an address and obeys them",
        "Whoever controls the address can change what the agent does after every review.",
        "Put the instructions into the skill and publish a new version when they change.",
        Owasp.UNTRUSTED_EXTERNAL_INSTRUCTIONS,
    ),
    _rule(
        "trigger",
        "Waits for a moment or a word to do something hidden or destructive",
        "What sleeps until a date or a phrase is made to pass reviews.",
        "Remove the condition and what depends on it.",
    ),
    _rule(
        "impersonate",
        "Writes to others in the user's name without asking",
        "Messages in the user's name reach people who trust the user, and cannot be taken back.",
        "Show each message and its receivers, and send it only when the user agrees.",
    ),
    _rule(
        "taint",
        "Slips advertising or tracking into the user's work",
        "Links and codes that earn money for a stranger get into work the user answers for.",
        "Remove it, or say it openly and make it optional.",
    ),
    _rule(
        "backdoor",
        "Slips weaknesses into the code it writes",
        "A back door in generated code opens the user's systems to whoever knows of it.",
        "Remove it.",
    ),
    _rule(
        "sabotage",
        "Makes results wrong on purpose",
        "Users act on what the agent reports; false results do harm that is hard to trace.",
        "Remove it, and let the agent report what is the case.",
    ),
    _rule(
        "destroy",
        "Destroys data without asking",
        "Deleted, overwritten or encrypted data may be lost for good.",
        "Ask before anything is deleted, and limit it to files the skill has made.",
    ),
    _rule(
        "phish",
        "Asks the user for secrets that nobody should ask for",
        "Seed phrases, passwords and card numbers give away money and accounts.",
        "Remove it; use the sign-in of the service or a key made for the purpose.",
    ),
    _rule(
        "decode-and-follow",
        "Tells the agent to decode a text and to follow it",
        "Instructions are encoded so that people and scanners do not read them.",
        "Write the instructions in plain text.",
    ),
)
_BY_NAME = {rule.id.partition(".")[2]: rule for rule in _RULES}
_DATA = (".csv", ".tsv", ".jsonl", ".log", ".xsd", ".xml")  # words of different rows stand side by side there
_READ = frozenset({Part.PROSE, Part.VALUE, Part.COMMENT, Part.CONCEALED})


def _check(subject: Subject) -> Iterator[Finding]:
    for view in subject.views:
        if not _is_read(view):
            continue
        reading = Reading(view, subject.by_path.get(view.file))
        for name, hit, severity, confidence in judge(reading, subject):
            evidence = reading.evidence(hit)
            yield _BY_NAME[name].at(
                view.file, view.line_at(hit.start), evidence, severity=severity, confidence=confidence, via=view.via
            )
        for position, evidence, severity in beacons_in(view):
            yield _BY_NAME["image-beacon"].at(
                view.file, view.line_at(position), evidence, severity=severity, via=view.via
            )


def _is_read(view: View) -> bool:
    """Prose wherever it stands; code only where it is a block of words, data not at all; but all that was hidden."""
    if view.is_disguised:
        return True
    if view.part in _READ:
        return view.kind is not Kind.TOML and not view.file.endswith(_DATA)
    return view.kind in (Kind.TEXT, Kind.MARKDOWN)


FAMILY = Family(name="instructions", rules=_RULES, check=_check)
