"""Files of lines: cut into ranges of bytes where that is possible, read as one stream where not."""
