"""Working the ledger off: batches, a stream of them, and the rows of other processes."""
