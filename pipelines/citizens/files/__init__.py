"""The files the steps read and write: workbooks, and what is written whole or not at all."""
