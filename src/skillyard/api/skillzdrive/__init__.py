"""SkillzDrive's API, as its reference documents it, and the same as tools for models (MCP)."""
