"""How well the scanner tells hostile skills from benign ones, beside another scanner on the same skills."""
