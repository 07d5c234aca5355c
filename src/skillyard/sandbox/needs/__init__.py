"""Which packages a script of a skill needs, read strictly: names and versions, never addresses, paths or options."""
