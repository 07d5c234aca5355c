"""Services elsewhere: people's credentials for them, and calls in their name."""
