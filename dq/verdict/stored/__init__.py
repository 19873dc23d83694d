"""What a verdict stores, as types: the JSON Schemas in `conf/schemas/` are written from them. Pure."""
