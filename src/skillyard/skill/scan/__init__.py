"""Looks at the content of a skill without running any of it, the same on a laptop and on the server."""
