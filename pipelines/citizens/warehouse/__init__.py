"""The warehouse: its door, and what it knows of workbooks, steps and loads."""
