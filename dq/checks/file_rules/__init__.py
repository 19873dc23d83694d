"""Rules over a whole file, a module each: how a definition asks for one, and whether a file keeps to it."""
