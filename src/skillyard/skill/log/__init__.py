"""The public log as values: hashes and proofs, tiles, signed checkpoints, entries. The same on server and client."""
