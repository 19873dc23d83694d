"""Doors to the outside, for every flow: objects, Postgres, Spark, queue, log. Nothing here knows of data quality."""
