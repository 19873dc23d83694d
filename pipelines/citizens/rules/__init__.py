"""How the columns of workbooks are cleansed: pure functions, a series in and a series out."""
