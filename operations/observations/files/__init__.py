"""One file: its kept numbers, its columns beside their reference, what is said of its runs."""
