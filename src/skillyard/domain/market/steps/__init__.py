"""How the registry itself does a step: a script in the sandbox, or a question to a language model."""
