"""The shapes of the native wire: pydantic at the edge, `show_…` outward, `read_…` inward."""
