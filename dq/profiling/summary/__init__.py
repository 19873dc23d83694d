"""What a finished profile says: plain figures, all that scoring reads."""
