"""What the rail for Stripe is made of: asking its API, reading its objects as facts, checking how it is set up."""
