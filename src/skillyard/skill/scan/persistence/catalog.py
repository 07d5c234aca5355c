"""The rules about what stays behind."""

from __future__ import annotations

from skillyard.skill.scan.finding import Category, Owasp, Rule, Severity


def _rule(
    what: str, title: str, why: str, advice: str, owasp: Owasp = Owasp.MALICIOUS_SKILLS, confidence: float = 0.5
) -> Rule:
    """A note by itself; what it is met together with makes it worse."""
    return Rule(
        id=f"persistence.{what}",
        category=Category.PERSISTENCE,
        owasp=owasp,
        severity=Severity.LOW,
        confidence=confidence,
        title=title,
        why=why,
        advice=advice,
    )


AGENT_SETTINGS = _rule(
    "agent-settings",
    "Agent settings are changed",
    "Settings decide what an agent may do unasked; one entry can take every question away, in all later sessions.",
    "Read what is set. Never let a skill switch approval off or allow all commands; set narrow permissions yourself.",
    Owasp.OVER_PRIVILEGED_SKILLS,
)
AGENT_HOOK = _rule(
    "agent-hook",
    "A hook runs a command by itself",
    "Hooks run without a question, with all of the user's rights, whenever the agent starts or uses a tool.",
    "Read the command and what it calls. Remove hooks that download, decode or send anything.",
)
MCP_SERVER = _rule(
    "mcp-server",
    "An MCP server is configured",
    "The agent starts this server's command, or sends it what it works on, and takes its tools for its own.",
    "Use servers of vendors you know, pinned to a version; never one whose command is a shell that downloads.",
    Owasp.SUPPLY_CHAIN_COMPROMISE,
)
AGENT_MEMORY = _rule(
    "agent-memory",
    "Standing instructions of the agent are changed",
    "What is written to memory and instruction files is obeyed in later sessions, long after the skill is gone.",
    "Show the user the exact text before it is written; keep instructions inside the skill.",
    Owasp.UNTRUSTED_EXTERNAL_INSTRUCTIONS,
)
SHELL_STARTUP = _rule(
    "shell-startup",
    "A shell start-up file is changed",
    "What stands there runs with every new terminal.",
    "Print the line and let the user add it, rather than writing it.",
)
COMMAND_SHIM = _rule(
    "command-shim",
    "A well-known command is replaced",
    "A stand-in for sudo, ssh or git sees passwords and everything that passes through.",
    "Call your own program by a name of its own.",
)
SCHEDULED_TASK = _rule(
    "scheduled-task",
    "Something is made to start by itself",
    "Cron entries, services and launch agents run on when the skill is long removed.",
    "Say in SKILL.md what is scheduled and how it is removed, and ask the user first.",
)
GIT_SETTINGS = _rule(
    "git-settings",
    "Git hooks or git's configuration are changed",
    "Hooks, aliases, file monitors and credential helpers are commands that git runs by itself.",
    "Read the hook. Let users switch it on themselves, in one repository, never globally.",
)
SSH_ACCESS = _rule(
    "ssh-access",
    "SSH keys or SSH's configuration are changed",
    "A key in authorized_keys opens the machine to whoever holds the other half.",
    "Remove it; access is given by the machine's owner alone.",
)
PACKAGE_SETTINGS = _rule(
    "package-settings",
    "A package manager is pointed elsewhere",
    "From then on every package that anything installs comes from there.",
    "Name an index for one command only, and only one that the user named.",
    Owasp.SUPPLY_CHAIN_COMPROMISE,
)
INTERPRETER_STARTUP = _rule(
    "interpreter-startup",
    "Code is loaded into every run of an interpreter",
    "sitecustomize, .pth files and preloads run in every program, not only in the skill's own.",
    "Import what is needed in the script that needs it.",
)
WORKSPACE_TASK = _rule(
    "workspace-task",
    "A workspace runs commands by itself",
    "Editor tasks, .envrc, dev containers, workflows and build files run when a folder is opened, pushed or built.",
    "Read the commands before the files are copied; remove those that download, decode or send anything.",
)

RULES = (
    AGENT_SETTINGS, AGENT_HOOK, MCP_SERVER, AGENT_MEMORY, SHELL_STARTUP, COMMAND_SHIM, SCHEDULED_TASK, GIT_SETTINGS,
    SSH_ACCESS, PACKAGE_SETTINGS, INTERPRETER_STARTUP, WORKSPACE_TASK,
)  # fmt: skip
