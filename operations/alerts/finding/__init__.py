"""What somebody has to hear of, as the tables say it now."""
