"""Every figure of docs/performance.md, each with the command that reproduces it, beside its peer."""

import os

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # programs are measured as they are from their second start on
