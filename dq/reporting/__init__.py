"""Where verdicts go: the owner's tables in schema `reporting`, written in one transaction an object."""
