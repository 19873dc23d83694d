"""What is no longer kept: old rows of the product's own tables go, a few at a time."""
