"""The fast lane: tasks read ranges of bytes, on the threads of this process or in Spark."""
