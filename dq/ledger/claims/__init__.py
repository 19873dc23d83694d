"""Which rows are handed out, and to whom: batches, buckets that rest, processes that are gone."""
