"""The surfaces: each translates one wire to operations and back, and decides nothing."""
