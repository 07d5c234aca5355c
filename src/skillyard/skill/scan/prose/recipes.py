"""Which concepts, standing together, mean what. The words are in `words/`, the rules in `rules/instructions.py`."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.skill.scan.finding import Severity

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`rule` is met where `anchor` stands with all of `near` in its sentence and, within `reach` sentences around it,
    all of `about` and one of `one_of`. What is in `unless` excuses it there, so does an address of a known vendor if
    `vendors_may`; a "not" before the anchor does too, with `loosely_denied` anywhere before it in the sentence.
    `grave`: with `conceal` around it there is no innocent reading.
    """

    rule: str
    anchor: str
    near: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    reach: int = 1
    unless: tuple[str, ...] = ()
    vendors_may: bool = False
    can_be_denied: bool = True
    loosely_denied: bool = False
    grave: bool = False
    severity: Severity = HIGH
    confidence: float = 0.7


_DEEDS = (
    "strongsend", "getprogram", "secret", "payload", "destroy", "backdoor", "taint", "sabotage", "memory", "spread",
    "disable", "wallet", "remote", "private", "noask", "commands",
)  # fmt: skip

RECIPES = (
    Recipe(rule="override", anchor="orders", near=("ignore",), reach=0, confidence=0.8),
    Recipe(rule="override", anchor="allorders", near=("override",), reach=0, loosely_denied=True, confidence=0.65),
    Recipe(
        rule="override",
        anchor="orders",
        near=("override",),
        loosely_denied=True,
        one_of=("conceal", "secret", "strongsend", "noask"),
        confidence=0.7,
    ),
    Recipe(rule="override", anchor="orders", near=("override",), loosely_denied=True, severity=LOW, confidence=0.4),
    Recipe(
        rule="exfiltrate",
        anchor="secret",
        about=("strongsend", "conceal"),
        reach=2,
        confidence=0.85,
        grave=True,
        unless=("bysomeone",),
    ),
    Recipe(
        rule="exfiltrate",
        anchor="secret",
        near=("strongsend", "address"),
        vendors_may=True,
        confidence=0.8,
        unless=("bysomeone",),
    ),
    Recipe(
        rule="exfiltrate",
        anchor="secret",
        near=("read",),
        about=("strongsend", "address"),
        vendors_may=True,
        confidence=0.65,
        unless=("bysomeone",),
    ),
    Recipe(
        rule="exfiltrate",
        anchor="secret",
        near=("send", "address"),
        about=("silent",),
        vendors_may=True,
        confidence=0.65,
        unless=("bysomeone",),
    ),
    Recipe(
        rule="exfiltrate",
        anchor="conceal",
        about=("weaksecret", "strongsend"),
        reach=2,
        confidence=0.75,
        can_be_denied=False,
        grave=True,
    ),
    Recipe(
        rule="exfiltrate",
        anchor="secret",
        near=("write", "channel"),
        one_of=("conceal", "silent", "publicly"),
        reach=1,
        confidence=0.65,
        unless=("bysomeone",),
    ),
    Recipe(
        rule="harvest", anchor="secret", near=("read",), about=("conceal",), reach=1, confidence=0.7, can_be_denied=True
    ),
    Recipe(
        rule="surveil",
        anchor="private",
        near=("strongsend", "address"),
        one_of=("conceal",),
        reach=2,
        confidence=0.8,
        unless=("bysomeone",),
        grave=True,
    ),
    Recipe(
        rule="surveil",
        anchor="private",
        near=("strongsend", "address"),
        one_of=("silent", "everytime", "noask"),
        reach=1,
        vendors_may=True,
        confidence=0.65,
        unless=("bysomeone",),
    ),
    Recipe(
        rule="surveil",
        anchor="private",
        near=("strongsend", "address"),
        reach=0,
        vendors_may=True,
        severity=LOW,
        confidence=0.4,
        unless=("bysomeone",),
    ),
    Recipe(rule="conceal", anchor="conceal", one_of=_DEEDS, reach=1, can_be_denied=False, confidence=0.65),
    Recipe(rule="conceal", anchor="conceal", can_be_denied=False, severity=MEDIUM, confidence=0.5),
    Recipe(
        rule="password-archive",
        anchor="password",
        about=("archive", "download"),
        one_of=("run", "prereq"),
        reach=3,
        confidence=0.85,
    ),
    Recipe(
        rule="paste-and-run",
        anchor="paste",
        about=("address",),
        one_of=("prereq", "run"),
        vendors_may=True,
        reach=2,
        confidence=0.65,
    ),
    Recipe(rule="paste-and-run", anchor="winrun", about=("pastes",), reach=2, confidence=0.65),
    Recipe(
        rule="download-and-run",
        anchor="payload",
        about=("download", "run", "address"),
        one_of=("prereq", "disable", "silent", "noask", "conceal"),
        vendors_may=True,
        reach=1,
        confidence=0.65,
    ),
    Recipe(
        rule="download-and-run",
        anchor="payload",
        near=("download", "address", "temporary"),
        about=("run",),
        vendors_may=True,
        reach=1,
        confidence=0.65,
    ),
    Recipe(
        rule="download-and-run",
        anchor="payload",
        near=("download", "address"),
        about=("run",),
        vendors_may=True,
        reach=1,
        severity=MEDIUM,
        confidence=0.5,
    ),
    Recipe(
        rule="download-and-run",
        anchor="getprogram",
        near=("address", "run"),
        one_of=("prereq", "disable", "silent", "noask", "conceal"),
        vendors_may=True,
        reach=1,
        confidence=0.62,
    ),
    Recipe(
        rule="disable-protection",
        anchor="protection",
        near=("disable",),
        one_of=("download", "run", "prereq", "payload"),
        reach=2,
        confidence=0.7,
    ),
    Recipe(
        rule="disable-protection",
        anchor="guard",
        near=("disable",),
        one_of=("conceal", "noask", "authority", "autoapprove"),
        reach=1,
        confidence=0.65,
    ),
    Recipe(rule="disable-protection", anchor="guard", near=("disable",), severity=LOW, confidence=0.4),
    Recipe(
        rule="auto-approve",
        anchor="autoapprove",
        one_of=("conceal", "strongsend", "memory", "first", "authority", "destroy", "remote", "payload"),
        reach=1,
        confidence=0.65,
    ),
    Recipe(rule="auto-approve", anchor="autoapprove", near=("persuade",), confidence=0.62),
    Recipe(rule="auto-approve", anchor="autoapprove", severity=MEDIUM, confidence=0.5),
    Recipe(
        rule="shadowing",
        anchor="first",
        one_of=("conceal", "authority", "orders", "strongsend", "secret"),
        reach=1,
        confidence=0.7,
    ),
    Recipe(rule="shadowing", anchor="first", severity=LOW, confidence=0.5),
    Recipe(
        rule="false-authority",
        anchor="authority",
        one_of=("conceal", "secret", "ignore", "autoapprove", "noask", "orders", "destroy"),
        reach=1,
        confidence=0.7,
    ),
    Recipe(rule="false-authority", anchor="authority", severity=LOW, confidence=0.4),
    Recipe(rule="scanner-bait", anchor="scanner", about=("safeclaim",), reach=1, confidence=0.8, can_be_denied=False),
    Recipe(
        rule="scanner-bait",
        anchor="safeclaim",
        near=("thisskill", "scanner"),
        reach=0,
        confidence=0.7,
        can_be_denied=False,
    ),
    Recipe(
        rule="memory-poisoning",
        anchor="memory",
        near=("write",),
        one_of=("conceal", "orders", "authority"),
        reach=2,
        confidence=0.7,
    ),
    Recipe(
        rule="memory-poisoning", anchor="memory", near=("write",), about=("forever", "noask"), reach=1, confidence=0.65
    ),
    Recipe(rule="memory-poisoning", anchor="memory", near=("write", "forever"), reach=0, severity=LOW, confidence=0.4),
    Recipe(
        rule="spend-money",
        anchor="wallet",
        near=("pay", "money"),
        one_of=("conceal", "noask", "everytime", "first", "silent"),
        reach=1,
        confidence=0.7,
        unless=("bysomeone",),
    ),
    Recipe(
        rule="spend-money",
        anchor="noask",
        near=("pay", "money"),
        one_of=("wallet", "conceal"),
        reach=1,
        confidence=0.65,
        can_be_denied=False,
        unless=("bysomeone",),
    ),
    Recipe(rule="propagate", anchor="spread", reach=0, confidence=0.65),
    Recipe(
        rule="reputation",
        anchor="rate",
        near=("onbehalf",),
        one_of=("conceal", "noask", "thisskill", "silent"),
        reach=1,
        confidence=0.65,
        unless=("bysomeone",),
    ),
    Recipe(
        rule="remote-instructions",
        anchor="remote",
        about=("follow",),
        one_of=("everytime", "conceal", "noask", "orders", "silent"),
        reach=1,
        vendors_may=True,
        confidence=0.65,
    ),
    Recipe(
        rule="remote-instructions",
        anchor="remote",
        about=("follow",),
        reach=1,
        vendors_may=True,
        severity=MEDIUM,
        confidence=0.5,
    ),
    Recipe(rule="trigger", anchor="trigger", one_of=("conceal", "destroy"), about=("must",), reach=1, confidence=0.62),
    Recipe(rule="taint", anchor="taint", one_of=("conceal", "silent"), reach=1, confidence=0.7),
    Recipe(rule="taint", anchor="taint", near=("work", "everytime"), reach=0, severity=MEDIUM, confidence=0.5),
    Recipe(rule="backdoor", anchor="backdoor", near=("create", "work"), one_of=("conceal",), reach=2, confidence=0.75),
    Recipe(rule="backdoor", anchor="backdoor", near=("create", "work", "silent"), reach=0, confidence=0.62),
    Recipe(rule="sabotage", anchor="sabotage", one_of=("conceal", "everytime", "onbehalf"), reach=1, confidence=0.62),
    Recipe(
        rule="destroy",
        anchor="destroy",
        one_of=("conceal", "noask", "trigger"),
        reach=1,
        confidence=0.62,
        unless=("bysomeone",),
    ),
    Recipe(rule="phish", anchor="phish", near=("seed",), reach=0, confidence=0.65),
    Recipe(rule="phish", anchor="phish", one_of=("strongsend", "conceal"), reach=2, confidence=0.65),
    Recipe(rule="phish", anchor="phish", severity=LOW, confidence=0.4),
    Recipe(rule="decode-and-follow", anchor="obey", about=("decode",), reach=1, confidence=0.65),
)
