"""One short main per verb: ``python -m experiments.train`` and its like."""
