"""Every figure of docs/performance.md, each with the command that reproduces it, beside its peer."""
