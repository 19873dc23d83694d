"""The queue that announces new objects."""
