"""What Spark does: checking, shaping, writing Parquet where rows fail."""
