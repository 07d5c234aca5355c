"""The API that SkillDock's command line and Python client speak, over this registry."""
