"""The account of what every job and step did: one line each, never changed afterwards."""
