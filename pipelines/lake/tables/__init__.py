"""Tables as their log describes them, and the changes that are committed to it."""
