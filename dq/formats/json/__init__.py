"""JSON: objects line by line, or as one array."""
