"""What STACK's clients send and get."""
