"""The rules about the files themselves."""

from __future__ import annotations

from skillyard.skill.scan.finding import Category, Owasp, Rule, Severity


def _rule(
    what: str, severity: Severity, confidence: float, title: str, why: str, advice: str,
    owasp: Owasp = Owasp.MALICIOUS_SKILLS,
) -> Rule:  # fmt: skip
    return Rule(
        id=f"package.{what}",
        category=Category.PACKAGE,
        owasp=owasp,
        severity=severity,
        confidence=confidence,
        title=title,
        why=why,
        advice=advice,
    )


TYPE_MISMATCH = _rule(
    "type-mismatch",
    Severity.HIGH,
    0.75,
    "A file is not what its name says",
    "People and tools trust the name; a program under the name of a picture is there to be overlooked.",
    "Give the file the suffix of what it is, or remove it.",
    Owasp.INSECURE_METADATA,
)
EXECUTABLE = _rule(
    "executable",
    Severity.HIGH,
    0.7,
    "A program without its source",
    "Nobody can read what a compiled program does before it runs.",
    "Ship the source, or install the program from its vendor with a version and a checksum.",
)
BYTECODE = _rule(
    "bytecode",
    Severity.LOW,
    0.6,
    "Compiled Python is shipped",
    "Python may run the compiled file instead of the source that people read.",
    "Leave __pycache__ and .pyc files out of the skill.",
)
NESTED_ARCHIVE = _rule(
    "nested-archive",
    Severity.LOW,
    0.6,
    "An archive inside the skill",
    "What is packed is not seen when the skill is read, and is unpacked past every check.",
    "Ship the files themselves.",
)
POLYGLOT = _rule(
    "polyglot",
    Severity.MEDIUM,
    0.6,
    "A file goes on behind its end",
    "What follows the end of a picture or document is invisible in it, and can be cut out and run.",
    "Save the file anew with an ordinary program.",
)
ACTIVE_CONTENT = _rule(
    "active-content",
    Severity.MEDIUM,
    0.6,
    "A document or picture carries code",
    "It runs when the file is merely opened.",
    "Remove scripts, event handlers and macros from the file.",
)
DISGUISED_NAME = _rule(
    "disguised-name",
    Severity.HIGH,
    0.8,
    "A file's name hides what it is",
    "Names with two suffixes or turned writing look like documents and are programs.",
    "Rename the file so that its last suffix, read in plain order, says what it is.",
    Owasp.INSECURE_METADATA,
)
PICKLE = _rule(
    "pickle",
    Severity.LOW,
    0.6,
    "Serialised objects that can run code when they are loaded",
    "Loading a pickle calls whatever functions it names.",
    "Ship data as JSON, CSV, Parquet or safetensors.",
)
HIDDEN_SCRIPT = _rule(
    "hidden-script",
    Severity.HIGH,
    0.75,
    "Commands inside a data file",
    "Text behind a few binary bytes is skipped by readers and tools, and cut out by a line elsewhere.",
    "Put commands into a script with a name that says so.",
)
HIDDEN_FILE = _rule(
    "hidden-file",
    Severity.LOW,
    0.5,
    "A hidden file that tools read",
    "Folders and files that begin with a dot are not listed, and change what tools do where they lie.",
    "Leave it out, or show its content in SKILL.md for the user to put in place.",
)
SUPPRESSION = _rule(
    "suppression",
    Severity.INFO,
    0.9,
    "The skill asks scanners to look away",
    "Such files and comments are never honoured here.",
    "Nothing needs to be done; appeal a finding that is wrong.",
    Owasp.POOR_SCANNING,
)
UNREAD = _rule(
    "unread",
    Severity.LOW,
    0.5,
    "A file of a kind that the scan does not know",
    "Nobody can say what is in it.",
    "Say in SKILL.md what the file is, or leave it out.",
    Owasp.POOR_SCANNING,
)

RULES = (
    TYPE_MISMATCH, EXECUTABLE, BYTECODE, NESTED_ARCHIVE, POLYGLOT, ACTIVE_CONTENT, DISGUISED_NAME, PICKLE,
    HIDDEN_SCRIPT, HIDDEN_FILE, SUPPRESSION, UNREAD,
)  # fmt: skip
