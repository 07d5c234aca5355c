"""SQL of the market, a module for each noun."""
