"""The run directory: layout, provenance, metrics, checkpoints, statistics."""
