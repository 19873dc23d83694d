"""Whether the ledger knows what the store has: both sides in the order of their keys, compared as they go by."""
