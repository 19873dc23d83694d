"""Streams of records: Kafka in, checked and enriched records out, dead letters with reasons, a verdict every hour."""
