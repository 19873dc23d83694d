"""Monthly workbooks of citizens and their phones: landed, validated, historised, published as a star schema."""
