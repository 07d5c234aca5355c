"""The one tree of refusals on the client's side, with the exit code that scripts see.

SdkError              1  refused or failed
├── UsageError        2  called the wrong way: unknown parameter, bad name, unknown agent
├── NetworkError      3  the registry could not be reached, or the answer broke off
├── Busy              3  another run works on the same project
├── InputNeeded       4  something must be chosen, or agreed to
├── IntegrityError    1  bytes are not those that were promised
├── LocalEdits        1  folders that are not ours to overwrite
└── ApiError             what the registry answered: 3 for "try again", 4 for "sign in", else 1
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from skillyard.skill.faults import Fault, SkillError

TRY_AGAIN_STATUSES = frozenset({429, 502, 503, 504})


class SdkError(Exception):
    """A refusal with a stable `code`, what was wrong, and what to do next. Never carries a secret."""

    exit_code: int = 1

    def __init__(
        self,
        message: str,
        *,
        code: str,
        hint: str = "",
        faults: Iterable[Fault] = (),
        facts: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.faults = tuple(faults)
        self.facts = dict(facts or {})
        self.request_id = request_id

    def show(self) -> dict[str, Any]:
        """A plain JSON value, in the shape of the registry's own errors."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "facts": self.facts,
            "faults": [_show_fault(fault) for fault in self.faults],
            "request_id": self.request_id,
        }


class UsageError(SdkError):
    exit_code = 2


class NetworkError(SdkError):
    exit_code = 3


class Busy(SdkError):
    exit_code = 3


class InputNeeded(SdkError):
    exit_code = 4


class IntegrityError(SdkError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A folder that an operation would have to overwrite or delete, and the files that make it somebody's own."""

    folder: Path
    name: str
    files: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        shown = ", ".join(self.files[:5]) + (f" and {len(self.files) - 5} more" if len(self.files) > 5 else "")
        return f"{self.folder}: {self.reason}" + (f" ({shown})" if shown else "")


class LocalEdits(SdkError):
    """Nothing was written: these folders hold work that is not in the registry."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self.edits = tuple(edits)
        super().__init__(
            "Nothing was changed, because it would overwrite or delete what is not Skillyard's:\n  "
            + "\n  ".join(str(edit) for edit in self.edits),
            code="local_edits",
            hint="Save or remove them, or run again with --force: the folders then move to .skillyard/backup.",
            facts={"folders": [{"folder": str(e.folder), "name": e.name, "files": list(e.files)} for e in self.edits]},
        )


class ApiError(SdkError):
    """The registry's refusal, as it was answered."""

    def __init__(self, message: str, *, status: int, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.status = status
        if status == 401:
            self.exit_code = InputNeeded.exit_code
        elif status in TRY_AGAIN_STATUSES:
            self.exit_code = NetworkError.exit_code

    @classmethod
    def read(cls, status: int, document: object, *, request_id: str | None) -> ApiError:
        """From the body of an answer; `document` is whatever it held, also None."""
        found = document.get("error") if isinstance(document, dict) else None
        error = found if isinstance(found, dict) else {}
        facts, faults = error.get("facts"), error.get("faults")
        return cls(
            str(error.get("message") or f"The registry answered with status {status}."),
            status=status,
            code=str(error.get("code") or f"http_{status}"),
            hint=str(error.get("hint") or _hint_for(status)),
            facts=facts if isinstance(facts, dict) else {},
            faults=[read_fault(fault) for fault in (faults if isinstance(faults, list) else [])],
            request_id=str(error.get("request_id") or request_id or "") or None,
        )


def from_skill_error(error: SkillError, *, code: str, message: str, hint: str = "") -> SdkError:
    """The faults of the skill library as one refusal of the SDK."""
    return SdkError(message, code=code, hint=hint or error.faults[0].hint, faults=error.faults)


def read_fault(value: object) -> Fault:
    """One fault of an answer; anything missing is left empty."""
    fault = value if isinstance(value, dict) else {"message": str(value)}
    file, line = fault.get("file"), fault.get("line")
    severity: Literal["error", "warning"] = "warning" if fault.get("severity") == "warning" else "error"
    return Fault(
        code=str(fault.get("code", "")),
        message=str(fault.get("message", "")),
        hint=str(fault.get("hint") or ""),
        file=file if isinstance(file, str) else None,
        line=line if isinstance(line, int) else None,
        severity=severity,
    )


def _show_fault(fault: Fault) -> dict[str, Any]:
    return {
        "code": fault.code,
        "message": fault.message,
        "hint": fault.hint,
        "file": fault.file,
        "line": fault.line,
        "severity": fault.severity,
    }


def _hint_for(status: int) -> str:
    if status == 401:
        return "Sign in with `skillyard login`."
    if status in TRY_AGAIN_STATUSES:
        return "Try again in a moment."
    if status >= 500:
        return "This is a fault of the registry; tell its operator the request id."
    return "Check the address of the registry and the names in the command."
