"""Batch manifests: lists of objects as text, read as they go by."""
