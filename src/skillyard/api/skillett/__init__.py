"""Skillett's REST API: agents find integrations, connect them and call them, with a key and nothing else."""
