"""The files of tables: where they lie, what is in them, what the log says of them."""
