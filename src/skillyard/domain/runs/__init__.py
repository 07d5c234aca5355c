"""Runs: scripts of released skills, in a sandbox, under the permissions they declared, each with a signed receipt."""
