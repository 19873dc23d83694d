"""How much: Arrow batches in, a mergeable FileProfile out. No Spark, no I/O."""
