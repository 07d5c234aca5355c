"""How one process is shut in: the calls that it makes before it becomes the program, and what watches it afterwards."""
