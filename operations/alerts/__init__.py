"""Who is told what: conditions found in the tables become alerts, alerts become messages, messages reach channels."""
