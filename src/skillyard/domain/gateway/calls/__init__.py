"""One call of an outside API: checked, built, counted, sent, read and written down."""
