"""Where it runs: reading files with Spark or in this process."""
