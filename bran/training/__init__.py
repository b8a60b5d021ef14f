"""Training: the loop, its optimiser and its checkpoints. It is handed ``validate`` and ``log`` and knows no files of data."""
