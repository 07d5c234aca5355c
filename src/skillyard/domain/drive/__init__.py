"""What a person or a team has of skills: items, collections, sync, sources."""
