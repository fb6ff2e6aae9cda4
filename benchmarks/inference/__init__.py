"""What the benchmark of programs is made of: the sets, and who runs on them."""
