"""The web face: a trigger and hooks for machines, JSON for programs, pages for people."""
