"""SQL of notices."""
