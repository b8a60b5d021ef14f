"""From documents to padded tensors: subwords, alignment, windows, batches."""
