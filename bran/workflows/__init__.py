"""What a command does: the only place where training, evaluation, extraction and tracking meet."""
