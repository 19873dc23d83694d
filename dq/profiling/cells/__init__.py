"""Single columns of cells: from text, JSON tokens or typed Arrow to values."""
