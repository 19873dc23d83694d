"""What a good file looks like: schema definitions and their loading. Pure."""
