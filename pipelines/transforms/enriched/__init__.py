"""Columns that rows get from elsewhere: of each row's one partner in a reference, never more rows than there were."""
