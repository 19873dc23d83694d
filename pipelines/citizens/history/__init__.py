"""History as a pure function of the loads that are live; it knows nothing of citizens.

What each load says of each key is kept as differences to the load before it in the chain of all loads (`claims`).
Intervals are computed from the claims of the keys that a change touches, so loads may arrive in any order, and any one
of them can be taken back.
"""
