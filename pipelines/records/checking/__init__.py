"""What a task does with the records of a partition."""
