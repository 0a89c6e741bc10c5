"""Which hidden units follow which concepts: pure functions from activations and labels to scores and verdicts.

After Karpathy, Johnson and Li 2015 (arXiv:1506.02078), with the search done by statistics instead of by eye.

====== ===============================================================
letter axis
====== ===============================================================
N      positions of a text
U      units: of every layer and quantity, in one row
K      bins of a unit's activation
Q      columns of the labels: one or more a concept
C      classes of a concept
S      shifts of the labels in time
F      features of a probe
====== ===============================================================
"""
