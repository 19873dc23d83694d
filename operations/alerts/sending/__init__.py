"""Messages on their way: the outbox, the channels, and what becomes of each try."""
