"""Rules over the cells of a row together, as a definition asks for them."""
