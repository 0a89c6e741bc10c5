"""What single units of a trained language model stand for: found, proved and shown."""
