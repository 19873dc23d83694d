"""Streams of records: watching them, and sending their dead letters back."""
