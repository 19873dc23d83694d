"""Keys that files refer to and something else holds: where they are, and how they are read."""
