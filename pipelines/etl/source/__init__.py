"""Where rows come from: a database, asked within one snapshot."""
