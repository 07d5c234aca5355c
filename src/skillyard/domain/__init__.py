"""The capabilities, from low to high; see ARCHITECTURE.md for their order."""
