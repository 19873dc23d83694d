"""What does not fit into memory: records in temporary files, in the order they came in or sorted."""
