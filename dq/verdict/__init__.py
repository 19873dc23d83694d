"""What it means: metrics, deductions, score, reasons and the profile payload. Pure."""
