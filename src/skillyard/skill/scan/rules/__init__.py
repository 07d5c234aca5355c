"""One file per family of rules; a new file is found without being named anywhere."""
