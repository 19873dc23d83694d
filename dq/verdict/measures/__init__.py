"""From the figures of a file to the results of the checks, one module per dimension."""
