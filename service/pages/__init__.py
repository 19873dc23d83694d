"""What is kept, as pages without scripts."""
