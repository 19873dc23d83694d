"""Jobs of the lake."""
