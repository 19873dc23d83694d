"""The grammar of rules over several columns: text in, a tree of typed nodes out. Nothing of it is ever executed."""
