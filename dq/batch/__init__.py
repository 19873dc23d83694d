"""The flow of one batch: announced objects in, verdicts and ledger states out; one module a stage."""
