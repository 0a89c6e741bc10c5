"""Pages of the gradient laboratory: one file a study, each with its figures and a sentence under each."""
