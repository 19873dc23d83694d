"""What applications offer over HTTP, landed as objects that are announced and judged like every other file."""
