"""Files that nobody has declared: what they look like, and a definition to begin with."""
