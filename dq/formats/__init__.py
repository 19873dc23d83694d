"""How bytes become rows: one module per file format, from byte ranges to Arrow row batches. No Spark."""
