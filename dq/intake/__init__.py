"""Where work comes from: the inbox ledger and the sources that fill it."""
