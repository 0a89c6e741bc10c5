"""One suite a file; each measures side by side, interleaved, in one run."""
