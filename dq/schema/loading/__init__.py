"""From the JSON of a definition to a `SchemaDefinition`, with everything that is wrong with it."""
