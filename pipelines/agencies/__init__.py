"""Documents of agencies: attachments copied to where they belong, the employment history written as CSV."""
