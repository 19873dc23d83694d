"""What jobs show: results as JSON, tables, progress."""
