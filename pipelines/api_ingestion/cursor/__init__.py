"""Which records are new: how far a source was read, and what of that edge has landed."""
