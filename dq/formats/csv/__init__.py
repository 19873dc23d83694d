"""CSV: records of text, split by a delimiter."""
