"""A ledger that announcements end in."""

from tests.ledgers import engine, inbox

__all__ = ["engine", "inbox"]
