"""Records that come one after the other without an end: checked one by one, judged hour by hour."""
