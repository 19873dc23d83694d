"""What `inbox` shows and does."""
