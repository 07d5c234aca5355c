"""Makes readable what is hidden, encoded or packed into other formats. Judges nothing: that is for the rules."""
