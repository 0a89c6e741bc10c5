"""Many runs: planning their points, packing them into programs, launching them, searching."""
