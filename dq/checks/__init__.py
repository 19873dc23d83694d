"""What to count: the checks a definition asks for, one module per dimension. Pure."""
