"""The reference lane: files read by Spark's own readers."""
