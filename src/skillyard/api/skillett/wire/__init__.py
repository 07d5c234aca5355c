"""What stands in the bodies of this surface."""
