"""What of the ledger is no longer kept, and what is remembered of it."""
