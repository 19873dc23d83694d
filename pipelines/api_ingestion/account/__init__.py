"""What is kept of readings: cursors and objects, `pipeline.api_cursor` and `pipeline.api_object`."""
