"""What became of the steps of every day, `pipeline.etl_run`."""
