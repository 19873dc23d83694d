"""Which lines wait to be told, what is known of them, and how they get to where lineage is kept."""
