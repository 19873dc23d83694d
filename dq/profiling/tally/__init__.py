"""Counting: row batches in, profiles and key hashes out."""
