"""Records as objects: written in parts, accounted for before and after."""
