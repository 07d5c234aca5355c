"""The format: pure functions on bytes and values, shared by server, SDK and CLI."""
