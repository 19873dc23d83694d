"""Steps about the characters of a text, whatever it means."""
