"""Answers: the records in them, as they were received, and the way to the next one."""
