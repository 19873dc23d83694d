"""What people do to the ledger by hand: choose rows, make them due again, close them, and see to dead letters."""
