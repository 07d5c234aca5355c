"""What tools answer: the data of the route, or a refusal that says what to try next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from mcp_types import CallToolResult, TextContent

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.slugs import show_slugs
from skillyard.domain.registry.search import suggest

_START = """\
A drive holds the skills that you and your agents have; a skill is instructions, files and scripts.

1. skills_list shows what is in the drive; skills_search and skills_discover find more, skills_show reads one.
2. skills_import takes a skill into the drive, by its slug or from a GitHub address.
3. skills_listScripts names the scripts of a skill, skills_runScript runs one and waits for its end. It answers a
   sessionId: pass it on, or set reuseSession, to go on in the same workspace. skills_readFile reads what a script left,
   skills_closeSession ends it.
4. skills_updates shows newer versions; take one with skills_acceptUpdate.
5. skills_credits says what is left to spend.
"""
_NEXT: Mapping[str, tuple[str, ...]] = {
    "skill_not_found": ("Search for it with skills_search, or with skills_discover.", "See skills_list."),
    "drive_item_not_found": ("See what is in the drive with skills_list.", "Take it in with skills_import."),
    "script_not_found": ("See the scripts of the skill with skills_listScripts.",),
    "session_not_found": ("Call skills_runScript without sessionId: it opens another one.",),
    "session_file_not_found": ("See `files` in the answer of skills_runScript.",),
    "file_not_found": ("Read SKILL.md with skills_readFile; it names the files of the skill.",),
    "access_denied": ("Ask whoever gave you the key for one that may do this.",),
    "insufficient_credits": ("See skills_credits.", "Ask the owner of the key to buy credits."),
    "quota_exceeded": ("Wait for the next month, or ask the owner of the key for more.",),
    "rate_limited": ("Wait, then call the tool again.",),
    "invalid_request": ("Correct the arguments; the input schema of the tool says what they are.",),
    "tool_not_found": ("List the tools, or call skills_getStarted.",),
}
_NAMES_OF_SKILLS = ("slug", "skillSlug")
_LAST = ("Call skills_getStarted.",)


def show_start() -> CallToolResult:
    return _answer({"guide": _START}, text=_START)


def show_data(data: Any) -> CallToolResult:
    """The same as the route answers."""
    return _answer(data if isinstance(data, dict) else {"items": data})


def refuse(app: App, caller: Caller, error: Mapping[str, Any], arguments: Mapping[str, Any]) -> CallToolResult:
    """In the richer shape of tools; of a skill that is not there, those that may have been meant."""
    code, hint = str(error["code"]), str(error["hint"])
    message = str(error["message"]).removesuffix(hint).strip()
    suggestions = [hint] if hint else []
    if code == "skill_not_found":
        suggestions += _meant(app, caller, arguments)
    return _refusal(code, message, suggestions)


def refuse_tool(name: str, names: Sequence[str]) -> CallToolResult:
    return _refusal("tool_not_found", f"There is no tool {name[:100]!a}.", [f"There are {', '.join(names)}."])


def refuse_arguments(unknown: Sequence[str], missing: Sequence[str], known: Sequence[str]) -> CallToolResult:
    wrong = [f"there is no argument {name[:100]!a}" for name in unknown[:5]]
    wrong += [f"the argument {name!a} is missing" for name in missing]
    message = f"The arguments are wrong: {'; '.join(wrong)}."
    return _refusal("invalid_request", message, [f"It takes {', '.join(known) or 'none'}."])


def _meant(app: App, caller: Caller, arguments: Mapping[str, Any]) -> list[str]:
    asked = next((arguments[key] for key in _NAMES_OF_SKILLS if isinstance(arguments.get(key), str)), "")
    names = suggest(app, caller, asked.replace("--", "/")[:100]) if asked else []
    slugs = show_slugs(app, names)
    return [f"Did you mean {slugs[name]}?" for name in names]


def _refusal(code: str, message: str, suggestions: Sequence[str]) -> CallToolResult:
    steps = list(_NEXT.get(code, _LAST))
    content = {"error": code, "message": message, "suggestions": suggestions, "_workflow": {"nextSteps": steps}}
    return _answer(content, is_error=True)


def _answer(content: dict[str, Any], *, text: str | None = None, is_error: bool = False) -> CallToolResult:
    said = orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() if text is None else text
    return CallToolResult(content=[TextContent(text=said)], structured_content=content, is_error=is_error)
