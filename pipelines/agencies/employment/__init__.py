"""The employment history of an agency as one CSV file."""
