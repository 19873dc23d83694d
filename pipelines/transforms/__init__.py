"""How the values and columns of a file are made ready: pure, Arrow in and Arrow out, a module each step.

`silver_block` reads what a definition asks for, `normalize` mends texts, `derive` adds columns, `arrange` renames and
drops.
"""
