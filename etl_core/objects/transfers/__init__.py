"""Objects and files brought to where they belong: copied within S3 or through this machine, uploaded, looked for."""
