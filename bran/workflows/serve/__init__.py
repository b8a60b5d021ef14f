"""A page and an API to try a model on, for one machine: not a public service."""
