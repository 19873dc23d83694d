"""What was announced: parsing, ordering and identifying object events. Pure."""
