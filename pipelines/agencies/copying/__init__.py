"""Attachments: where each goes, what became of it, and who is told."""
