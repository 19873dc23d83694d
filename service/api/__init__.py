"""What is kept, as JSON."""
