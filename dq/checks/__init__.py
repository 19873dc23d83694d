"""What a definition asks of a file, and how far the file meets it: one module per dimension. Pure."""
