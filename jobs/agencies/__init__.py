"""Jobs of agencies' documents."""
