"""A laboratory for recurrent networks: cells, unrolls, training, and the study of gradients and units."""
