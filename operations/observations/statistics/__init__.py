"""What is usual: expectations from series of numbers, their budget of false alarms, distances of distributions."""
