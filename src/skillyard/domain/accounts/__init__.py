"""Who is calling and what they may do: people, namespaces and members, tokens, signing in."""
