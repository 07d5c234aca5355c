"""The places that are read or run again later, as scripts and texts name them."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.skill.scan.finding import Rule
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.persistence import catalog

_JOINED = r"['\"]?\s?[,/\\]{1,2}\s?['\"]?"  # a path whole, or its parts handed to a function


@dataclass(frozen=True, slots=True)
class Place:
    """`expected`: words of a SKILL.md that says it will write there; a script that does so unsaid is worse."""

    rule: Rule
    pattern: str
    expected: str


PLACES = {
    "agent settings": Place(
        catalog.AGENT_SETTINGS,
        rf"\.claude{_JOINED}settings(?:\.local)?\.json|managed-settings\.json|[~/'\"]\.claude\.json|\bmcp settings\b|"
        rf"\.codex{_JOINED}config\.toml|\.gemini{_JOINED}settings\.json|\.vscode{_JOINED}(?:settings|mcp)\.json|"
        rf"\.cursor{_JOINED}(?:mcp|cli-config|permissions)\.json|windsurf{_JOINED}mcp|\.roo{_JOINED}mcp|opencode\.json|"
        rf"\.config{_JOINED}goose|\.openclaw{_JOINED}\w+\.json|claude_desktop_config\.json|cline_mcp_settings\.json",
        r"settings|config|permission|hook|mcp",
    ),
    "agent memory": Place(
        catalog.AGENT_MEMORY,
        r"\b(?-i:(?:CLAUDE(?:\.local)?|AGENTS|GEMINI|MEMORY|SOUL|HEARTBEAT|IDENTITY)\.md)\b|\.cursorrules|\.windsurfrules|"
        r"\.clinerules|copilot-instructions\.md|\.cursor/rules",
        r"(?:CLAUDE|AGENTS|GEMINI|MEMORY|SOUL|HEARTBEAT|IDENTITY)\.md|rules|memory|instructions",
    ),
    "shell start-up": Place(
        catalog.SHELL_STARTUP,
        r"[~/'\"]\.(?:bashrc|zshrc|zshenv|zprofile|zlogin|bash_profile|bash_login|bash_aliases|profile|kshrc|cshrc)\b|"
        r"fish/(?:config\.fish|conf\.d)|/etc/profile\b|/etc/bash\.bashrc|\$PROFILE\b|PowerShell_profile",
        r"bashrc|zshrc|profile|shell|\bPATH\b|alias|completion|terminal",
    ),
    "command shim": Place(
        catalog.COMMAND_SHIM,
        r"\balias\s+(?:sudo|su|ssh|scp|git|gpg|npm|pip3?|docker|kubectl|aws|gh|curl)\s*=\s*['\"]?[^\n]{1,300}|"
        r"(?:^|\n)\s*(?:function\s+)?(?:sudo|ssh|git|gpg)\s*\(\)\s*\{",
        r"alias|wrapper|shim|shortcut",
    ),
    "schedule": Place(
        catalog.SCHEDULED_TASK,
        r"\bcrontab\s+(?:-(?:\s|$|e\b)|-u\s|['\"]?[\w{}]*[./$][\w./${}-]*)|crontab['\"],\s*['\"]-|\|\s*crontab\b|/etc/cron\b|"
        r"/etc/cron\.|/var/spool/cron|@reboot\s|systemctl\s+(?:--user\s+|--now\s+)*enable|"
        rf"\.config{_JOINED}systemd|/etc/systemd/system|\bLaunch(?:Agents|Daemons)\b|launchctl\s+(?:load|bootstrap|enable)|"
        r"\bschtasks(?:\.exe)?\s+/create|Register-ScheduledTask|CurrentVersion\\{1,4}Run|Programs\\{1,4}Startup|"
        r"\.config/autostart|/etc/rc\.local",
        r"cron|schedul|timer|hourly|daily|nightly|weekly|launchd|launch agent|systemd|service|daemon|start.?up|boot|"
        r"background|autostart|monitor",
    ),
    "git": Place(
        catalog.GIT_SETTINGS,
        rf"\.git{_JOINED}hooks\b|core\.hooksPath|init\.templateDir|core\.fsmonitor|core\.sshCommand|core\.askpass|"
        r"\bfilter\.[\w-]+\.(?:smudge|clean|process)|\bdiff\.[\w-]+\.textconv|\bmerge\.[\w-]+\.driver|"
        r"credential\.(?:\S+\.)?helper|\balias\.[\w-]+\s+['\"]?!|\.insteadOf|[~/'\"]\.gitconfig\b|\.git/config\b|"
        r"git-templates?/hooks",
        r"git.?hook|hook|pre-commit|commit-msg|git config|gitconfig|git",
    ),
    "ssh": Place(
        catalog.SSH_ACCESS,
        rf"\bauthorized_keys2?\b|\.ssh{_JOINED}(?:config|rc)\b|/etc/ssh/sshd?_config|PermitRootLogin\s+yes",
        r"\bssh\b|authorized_keys|server|deploy|provision",
    ),
    "package settings": Place(
        catalog.PACKAGE_SETTINGS,
        r"\b(?:npm|yarn|pnpm|bun)\s+config\s+set\s+(?:--\S+\s+)*(?:@[\w-]+:)?(?:registry|"
        r"npmRegistryServer)\b[^\n]{0,200}|"
        r"\bpip[0-9.]*\s+config\s+set\s+\S*(?:index-url|trusted-host|find-links)\b[^\n]{0,200}|"
        r"[~/'\"]\.npmrc\b|\bpip\.conf\b|pip\\{1,2}pip\.ini|[~/'\"]\.(?:pypirc|yarnrc|condarc)\b|\.cargo/config|"
        r"\b(?:PIP_INDEX_URL|PIP_EXTRA_INDEX_URL|UV_INDEX_URL|UV_DEFAULT_INDEX|NPM_CONFIG_REGISTRY|"
        r"GOPROXY)\b[^\n]{0,200}|"
        r"\bconda\s+config\s+--(?:add|prepend)\s+channels\s+\S+|\bgem\s+sources\s+(?:-a|--add)\s+\S+",
        r"registry|mirror|index|npmrc|pip\.conf|proxy",
    ),
    "interpreter start-up": Place(
        catalog.INTERPRETER_STARTUP,
        r"\b(?:site|user)customize(?:\.py)?\b|\bPYTHONSTARTUP\b|(?:site-packages|getsitepackages|"
        r"purelib)[^\n]{0,120}\.pth\b|"
        r"NODE_OPTIONS[^\n]{0,40}--(?:require|import|r\b)|\bLD_PRELOAD\b|/etc/ld\.so\.preload|DYLD_INSERT_LIBRARIES|"
        r"\bBASH_ENV\b|\bPROMPT_COMMAND\b",
        r"sitecustomize|\.pth|PYTHONSTARTUP|preload|NODE_OPTIONS|instrument|PROMPT_COMMAND|BASH_ENV",
    ),
    "workspace": Place(
        catalog.WORKSPACE_TASK,
        rf"\.vscode{_JOINED}tasks\.json|\bfolderOpen\b|[\s/'\"~]\.envrc\b|\.devcontainer/|postCreateCommand|"
        rf"\.github{_JOINED}workflows\b|\.idea/runConfigurations",
        r"workflow|github action|\bCI\b|direnv|envrc|dev ?container|vscode|vs code|tasks\.json|pipeline",
    ),
}
PATTERNS = Patterns({name: place.pattern for name, place in PLACES.items()})
