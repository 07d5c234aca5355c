"""What people let skills call in their name, and how a skill in a sandbox does it."""
