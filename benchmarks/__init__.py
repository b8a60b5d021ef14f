"""Speed and memory of the relation stage and of training, as ratios within one run."""
