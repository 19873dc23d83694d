"""What the application's database says of agencies: whose documents there are, and where."""
