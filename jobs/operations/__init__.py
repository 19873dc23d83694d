"""The jobs of operations: what is late, what is unlike before, who is told, what is no longer kept."""
