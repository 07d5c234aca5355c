"""What else would be fetched: declared dependencies, and install commands in scripts and texts."""
