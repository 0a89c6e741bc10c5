"""What has been trained, read back: a run, a model from PyTorch, the text that a run was trained on."""
