"""The files themselves: what they are behind their names, and what lies inside them."""
