"""What a run is computed on: devices, processes that train together, and signals that stop them."""
