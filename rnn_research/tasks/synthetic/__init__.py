"""Tasks that are drawn, not read: one file each, with the exact generator of its paper."""
