"""Sources as their YAML files say them."""
