"""State, optimiser chain, pure step, host loop."""
