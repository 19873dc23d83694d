"""Kafka as flows see it: how to sign in, what topics there are, sending records."""
