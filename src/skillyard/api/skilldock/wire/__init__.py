"""What SkillDock's clients send and read. Fields are named as they name them; times are RFC 3339, amounts are text."""
