"""What is done to tables by Spark: merging by keys, keeping them in order, and writing where nothing else may."""
