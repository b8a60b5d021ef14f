"""Training: the loop, its optimiser, its checkpoints. It is handed what validates and what logs."""
