"""SQL of drives, a module for each noun."""
