"""What the server knows about discs, titles and file names: pure functions, no I/O."""
