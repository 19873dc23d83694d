"""The profile payload: everything known about the columns of a file, within a bounded size."""
