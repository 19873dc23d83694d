"""What Spark does: reading by JDBC, checking, shaping, writing Parquet."""
