"""Who may ask, how much and for how long, and what browsers are told."""
