"""ORC: typed columns in stripes, named by a tail at the end of the file."""
