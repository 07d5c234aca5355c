"""What is refused of addresses of git repositories, and of what is in them."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Invalid, NotFound, Unavailable


class BadGitAddress(Invalid):
    code = "git_address_invalid"
    text = "{address} is not the address of a folder in a git repository: {why}."
    hint = "Copy it from the browser: https://github.com/OWNER/REPOSITORY/tree/BRANCH/FOLDER, or end it with .git."


class RefNotFound(NotFound):
    code = "git_ref_not_found"
    text = "{repository} has no branch, tag or commit {ref}."
    hint = "Check the spelling, capitals too. A commit is named by all 40 digits of its id."


class FolderNotFound(NotFound):
    code = "git_folder_not_found"
    text = "There is no folder {path} in {repository} at commit {commit}."
    hint = "Check the spelling, capitals too."


class NoSkillThere(Invalid):
    code = "git_no_skill"
    text = "There is no SKILL.md in {path} of {repository} at commit {commit}."
    hint = "{advice}"


class RepositoryUnreadable(Invalid):
    code = "git_repository_unreadable"
    text = "What {repository} sends at commit {commit} cannot be read: {why}."
    hint = "Look at it with `git fsck`, or upload the folder instead."


class GitSkillRefused(Invalid):
    code = "git_skill_refused"
    text = "The folder {path} of {repository} cannot be imported: {first}"
    hint = "Correct the faults listed in a copy of your own, or ask its author to; then import it again."


class NameTaken(Conflict):
    code = "git_name_taken"
    text = "{name} is there already, and is not what is at this address."
    hint = "Give the import another slug: `skillyard drive import ADDRESS --as {slug}-2`."


class GitBusy(Unavailable):
    code = "git_busy"
    text = "Too many repositories are being read at the moment."
    hint = "Try again in a minute."


class SourceNotFound(NotFound):
    code = "source_not_found"
    text = "There is no git source {source}."
    hint = "List them with `skillyard sources list`."


class SourceExists(Conflict):
    code = "source_exists"
    text = "{address} is a source already: {source}."
    hint = "Remove it first to publish its skills in another namespace: `skillyard sources remove {source}`."


class OriginNotFound(NotFound):
    code = "git_origin_not_found"
    text = "{name} does not come from a git repository."
    hint = "Its page says who published it: `skillyard info {name}`."


class CommitIsFixed(Conflict):
    code = "git_commit_is_fixed"
    text = "{name} comes from the commit {commit}, of which there will be no news."
    hint = "Import it from a branch to follow what comes: `skillyard drive import ADDRESS --as {slug}`."
