"""All SQL of runs, by noun."""
