"""What may be added to training: penalties of the loss, noise of the targets, a watch on the gradient."""
