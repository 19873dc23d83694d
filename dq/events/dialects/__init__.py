"""How announcements are written: one module a dialect."""
