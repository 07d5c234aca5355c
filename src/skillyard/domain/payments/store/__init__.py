"""SQL of payments: one module for the tables of one noun."""
