"""A ledger of each test's own."""

from tests.ledgers import engine, inbox

__all__ = ["engine", "inbox"]
