"""What coding agents fetch: lists of plugins, and git repositories to install them from."""
