"""What a flow is, read from its file."""
