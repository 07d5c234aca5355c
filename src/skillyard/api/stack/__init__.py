"""The API of STACK, for whoever has a client of it: skills that are invoked, requests for them, agents, identity."""
