"""Signs of what a script is for as a whole, by what it holds together; how data flows in it is told elsewhere."""
