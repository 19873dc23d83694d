"""The figures of a column that merge: sums, sketches, samples, keys and broken rules."""
