"""Whether files came when they were due: calendars, windows, and what became of each."""
