"""Jobs of the batch ETL."""
