"""What is decided of alerts, by code that reaches nothing outside: time, settings and what was found are arguments."""
