"""What a definition of a file could look like, from what was counted in it, and how sure that is. Pure."""
