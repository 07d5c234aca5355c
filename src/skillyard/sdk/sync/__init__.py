"""The skills of a person on this machine, brought in line with a drive. What each module is for stands at its top."""
