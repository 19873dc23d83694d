"""What is at which destination, `pipeline.document_copy`."""
