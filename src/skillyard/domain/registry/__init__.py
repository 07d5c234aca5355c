"""Skills and their releases: publishing them, finding them, and everything that an install needs."""
