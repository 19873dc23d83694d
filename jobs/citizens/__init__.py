"""Citizens' workbooks to their warehouse."""
