"""What Tank's clients send and read. Fields are named as they name them; times are ISO 8601."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.tank.dialect import show_name, show_uuid, skill_uuid
from skillyard.domain.accounts.cli_session import CliSession
from skillyard.domain.accounts.model import User
from skillyard.domain.registry.model import Published, Release, Skill, SkillPage, Upload, Visibility
from skillyard.domain.registry.tarballs import SignedAddress
from skillyard.domain.registry.trust import Status
from skillyard.infra.clock import iso

Shown = Literal["public", "private"]
Severity = Literal["critical", "high", "medium", "low"]
Identifier = Annotated[str, StringConstraints(max_length=64)]

_MOST_README_CHARS = 500_000
_MOST_FILES = 10_000
_MOST_BYTES = 100 * 1024 * 1024
_AUDIT_STATUS = {
    Status.LISTED: "completed",
    Status.FLAGGED: "flagged",
    Status.QUARANTINED: "failed",
    Status.RECALLED: "failed",
}
_STAGES = {
    "package": "stage0",
    "hidden": "stage1",
    "code": "stage2",
    "persistence": "stage2",
    "permissions": "stage2",
    "instructions": "stage3",
    "secrets": "stage4",
    "dependencies": "stage5",
}
STAGES = tuple(sorted(set(_STAGES.values())))


class StartSignInBody(BaseModel):
    state: Annotated[str, StringConstraints(min_length=8, max_length=256)]


class SignInBody(BaseModel):
    sessionCode: Identifier  # noqa: N815 (Tank's name)


class ExchangeBody(SignInBody):
    state: Annotated[str, StringConstraints(min_length=8, max_length=256)]


class PublishBody(BaseModel):
    manifest: dict[str, Any] = Field(description="The content of `tank.json` or `skills.json`.")
    readme: Annotated[str, StringConstraints(max_length=_MOST_README_CHARS)] = ""
    files: Annotated[list[str], Field(max_length=_MOST_FILES)] = []


class ConfirmBody(BaseModel):
    versionId: Identifier  # noqa: N815
    integrity: Annotated[str, StringConstraints(max_length=256)] = Field(description="`sha512-` and base64.")
    fileCount: Annotated[int, Field(ge=0, le=_MOST_FILES)]  # noqa: N815
    tarballSize: Annotated[int, Field(ge=0, le=_MOST_BYTES)]  # noqa: N815
    readme: Annotated[str, StringConstraints(max_length=_MOST_README_CHARS)] = ""


class ScanUrlBody(BaseModel):
    url: Annotated[str, StringConstraints(max_length=2048)]


class StartedSignIn(BaseModel):
    authUrl: str  # noqa: N815
    sessionCode: str  # noqa: N815


class Account(BaseModel):
    name: str | None
    email: str | None = None


class SignedIn(BaseModel):
    token: str
    user: Account


class WhoAmI(Account):
    userId: str  # noqa: N815


class Refusal(BaseModel):
    error: str
    details: dict[str, list[str]] | list[Any] | None = None


class Success(BaseModel):
    success: Literal[True] = True


class StartedPublish(BaseModel):
    uploadUrl: str = Field(description="PUT the tarball here, without a token.")  # noqa: N815
    skillId: str  # noqa: N815
    versionId: str  # noqa: N815


class Confirmed(Success):
    name: str
    version: str
    auditScore: float | None  # noqa: N815
    scanVerdict: str | None  # noqa: N815


class Publisher(BaseModel):
    name: str | None
    displayName: str | None  # noqa: N815


class Metadata(BaseModel):
    name: str
    description: str | None
    visibility: Shown
    latestVersion: str | None  # noqa: N815
    publisher: Publisher
    createdAt: str  # noqa: N815
    updatedAt: str  # noqa: N815


class VersionInList(BaseModel):
    version: str
    integrity: str
    auditScore: float | None  # noqa: N815
    auditStatus: str  # noqa: N815
    publishedAt: str  # noqa: N815


class Versions(BaseModel):
    name: str
    versions: list[VersionInList]


class FindingInDetail(BaseModel):
    stage: str
    severity: Severity
    type: str
    description: str
    location: str | None


class Detail(BaseModel):
    name: str
    version: str
    description: str | None
    integrity: str
    permissions: dict[str, Any]
    auditScore: float | None  # noqa: N815
    auditStatus: str  # noqa: N815
    downloadUrl: str  # noqa: N815
    publishedAt: str  # noqa: N815
    downloads: int = Field(description="Of the skill, in the last 7 days.")
    scanVerdict: str | None  # noqa: N815
    scanFindings: list[FindingInDetail]  # noqa: N815
    dependencies: dict[str, str]


class Files(BaseModel):
    name: str
    version: str
    files: list[str]


class FoundSkill(BaseModel):
    name: str
    description: str | None
    visibility: Shown
    latestVersion: str | None  # noqa: N815
    auditScore: float | None  # noqa: N815
    scanVerdict: str | None  # noqa: N815
    publisher: str
    downloads: int
    stars: int = 0
    updatedAt: str  # noqa: N815
    atomKinds: list[str] = []  # noqa: N815


class FoundSkills(BaseModel):
    results: list[FoundSkill]
    page: int
    limit: int
    total: int


class TopSkill(FoundSkill):
    severityCounts: dict[str, int]  # noqa: N815


class TopSkills(BaseModel):
    internal: list[TopSkill]
    external: list[TopSkill]
    total: int


def show_started(session: CliSession, address: str) -> StartedSignIn:
    return StartedSignIn(authUrl=f"{address}/cli/{session.id}", sessionCode=show_uuid(session.id))


def show_account(user: User) -> Account:
    """Accounts have no mail address here."""
    return Account(name=user.display_name or user.username)


def show_me(user: User) -> WhoAmI:
    return WhoAmI(userId=show_uuid(user.id), name=user.display_name or user.username)


def show_ticket(upload: Upload, upload_url: str) -> StartedPublish:
    return StartedPublish(uploadUrl=upload_url, skillId=skill_uuid(upload.name), versionId=show_uuid(upload.id))


def show_confirmed(published: Published) -> Confirmed:
    new = published.release
    return Confirmed(name=show_name(new.name), version=new.version, auditScore=new.score, scanVerdict=new.verdict)


def show_metadata(page: SkillPage) -> Metadata:
    """The command line reads `displayName`, the documents say `name`: both are there."""
    skill = page.skill
    publisher = _publisher(page)
    return Metadata(
        name=show_name(skill.name),
        description=skill.description or None,
        visibility=_visibility(skill.visibility),
        latestVersion=skill.latest_version,
        publisher=Publisher(name=publisher, displayName=publisher),
        createdAt=iso(skill.created_ms),
        updatedAt=iso(skill.updated_ms),
    )


def show_versions(name: str, releases: Iterable[tuple[Release, str]]) -> Versions:
    """Releases with the `integrity` of their tarballs."""
    return Versions(name=show_name(name), versions=[VersionInList(**_version(*known)) for known in releases])


def show_detail(
    release: Release, skill: Skill, integrity: str, download_url: str, findings: Iterable[Mapping[str, Any]]
) -> Detail:
    return Detail(
        **_version(release, integrity),
        name=show_name(release.name),
        description=release.description or None,
        permissions=show_permissions(release.permissions),
        downloadUrl=download_url,
        downloads=skill.downloads.last_week,
        scanVerdict=release.verdict,
        scanFindings=[FindingInDetail(**_finding(finding)) for finding in findings],
        dependencies={show_name(name): wanted for name, wanted in release.dependencies.items()},
    )


def show_permissions(permissions: Mapping[str, Any]) -> dict[str, Any]:
    """What is declared, in Tank's closed vocabulary: it has no environment and no integrations."""
    network, filesystem = permissions["network"], permissions["filesystem"]
    files = {kind: filesystem[kind] for kind in ("read", "write") if filesystem[kind]}
    return {
        **({"network": {"outbound": network["outbound"]}} if network["outbound"] else {}),
        **({"filesystem": files} if files else {}),
        **({"subprocess": True} if permissions["subprocess"] else {}),
    }


def show_found(page: SkillPage) -> FoundSkill:
    return FoundSkill(**_found(page), downloads=page.skill.downloads.last_week)


def show_top(page: SkillPage, findings: Iterable[Mapping[str, Any]]) -> TopSkill:
    counts = Counter(severity_of(finding) for finding in findings)
    severities = {severity: counts[severity] for severity in ("critical", "high", "medium", "low")}
    return TopSkill(**_found(page), downloads=page.skill.downloads.last_month, severityCounts=severities)


def show_audit_status(release: Release) -> str:
    return _AUDIT_STATUS[release.status] if release.verdict else "scanning"


def severity_of(finding: Mapping[str, Any]) -> str:
    """Tank's command line knows no `info`."""
    severity = str(finding["severity"])
    return "low" if severity == "info" else severity


def stage_of(finding: Mapping[str, Any]) -> str:
    return _STAGES.get(str(finding["category"]), "stage0")


def location_of(finding: Mapping[str, Any]) -> str | None:
    if not finding["file"]:
        return None
    return f"{finding['file']}:{finding['line']}" if finding["line"] else str(finding["file"])


def _version(release: Release, integrity: str) -> dict[str, Any]:
    return {
        "version": release.version,
        "integrity": integrity,
        "auditScore": release.score,
        "auditStatus": show_audit_status(release),
        "publishedAt": iso(release.published_ms),
    }


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "stage": stage_of(finding),
        "severity": severity_of(finding),
        "type": finding["rule"],
        "description": f"{finding['title']}. {finding['why']}",
        "location": location_of(finding),
    }


def _found(page: SkillPage) -> dict[str, Any]:
    skill, latest = page.skill, page.latest
    return {
        "name": show_name(skill.name),
        "description": skill.description or None,
        "visibility": _visibility(skill.visibility),
        "latestVersion": skill.latest_version,
        "auditScore": latest.score if latest else None,
        "scanVerdict": latest.verdict if latest else None,
        "publisher": _publisher(page),
        "updatedAt": iso(skill.updated_ms),
    }


def _publisher(page: SkillPage) -> str:
    return page.latest.published_by if page.latest else page.skill.namespace


def _visibility(visibility: Visibility) -> Shown:
    """Tank has no unlisted skills: whoever knows the name may read them."""
    return "public" if visibility.is_open else "private"


def upload_url(address: str, upload: Upload, signature: str) -> str:
    return f"{address}/uploads/{show_uuid(upload.id)}?expires={upload.expires_ms}&signature={signature}"


def download_url(address: str, signed: SignedAddress) -> str:
    return f"{address}/tarballs/{show_uuid(signed.release_id)}?expires={signed.expires_ms}&signature={signed.signature}"
