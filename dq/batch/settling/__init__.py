"""Writing how objects ended, each in one transaction with the line of the audit that says so."""
