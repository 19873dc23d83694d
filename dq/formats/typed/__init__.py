"""Files whose columns have physical types, whatever their format: Arrow batches as rows."""
