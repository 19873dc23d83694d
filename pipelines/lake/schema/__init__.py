"""What tables hold: columns, their types and names, and what happens when a file brings others."""
