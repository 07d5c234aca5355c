"""Which outside APIs can be called, and how: each is described by one data file."""
