"""Many objects at once: chosen, checked before any of them is announced, and announced in pieces."""
