"""From the figures of a file to the outcomes of the checks, one module per dimension."""
