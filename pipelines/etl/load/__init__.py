"""Where rows go: one transaction in the warehouse."""
