"""The keys of whole files, however many rows they have."""
