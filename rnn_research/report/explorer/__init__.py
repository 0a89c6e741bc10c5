"""The explorer of units: one page with the text, every unit over it, and what the units were found to mean."""
