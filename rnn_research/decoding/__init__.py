"""What a model that writes is asked for: symbols one after another, and the text that they make."""
