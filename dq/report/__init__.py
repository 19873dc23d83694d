"""A verdict as a page that people open: one file without scripts, which anything that keeps verdicts can make. Pure."""
