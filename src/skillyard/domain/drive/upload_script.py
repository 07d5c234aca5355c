"""The shell script that comes with an upload ticket: needs bash, curl, and tar for folders."""

from __future__ import annotations

import shlex
from string import Template

# The ticket goes to curl through a file descriptor: everybody on the machine sees the arguments of a program.
_SCRIPT = Template(
    """\
#!/usr/bin/env bash
# Uploads one skill into your drive: bash upload.sh [ARCHIVE | FOLDER]. Good for one upload, within ten minutes.
set -euo pipefail
ticket=$ticket
address=$address
skill=$${1:-$filename}

if [ -d "$$skill" ]; then
  if [ ! -f "$$skill/SKILL.md" ]; then echo "There is no SKILL.md in $$skill." >&2; exit 2; fi
  archive=$$(mktemp)
  trap 'rm -f "$$archive"' EXIT
  tar -C "$$skill" -czf "$$archive" .
elif [ -f "$$skill" ]; then
  archive=$$skill
else
  echo "There is no $$skill: name the archive or the folder of the skill." >&2; exit 2
fi

answer=$$(curl --silent --show-error --write-out '\\n%{http_code}' \\
  --config <(printf 'header = "Authorization: Bearer %s"\\n' "$$ticket") \\
  --form 'file=@-;filename=skill' "$$address" < "$$archive")
echo "$${answer%$$'\\n'*}"
[ "$${answer##*$$'\\n'}" -lt 300 ]
"""
)
_HERE = "."


def upload_script(*, address: str, secret: str, filename: str | None) -> str:
    """Bash text that uploads the file or folder that it is given, else `filename`, else the folder that it runs in."""
    values = {"ticket": secret, "address": address, "filename": filename or _HERE}
    return _SCRIPT.substitute({name: shlex.quote(value) for name, value in values.items()})
