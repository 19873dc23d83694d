"""Rules over the cells of a row together: which rows of a batch break them, and how many of a file do."""
