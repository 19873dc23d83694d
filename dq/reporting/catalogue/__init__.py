"""What the live tables look like, and how our values are made to fit them."""
