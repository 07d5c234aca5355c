"""What stays behind after a skill has run: settings, hooks, start-up files, schedules."""
