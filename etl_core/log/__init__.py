"""Log lines: where they go, what they look like, what may not be in them."""
