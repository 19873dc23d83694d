"""What was announced and what became of it: one row an object version, in schema `pipeline`."""
