"""SQL of the gateway."""
