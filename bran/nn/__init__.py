"""The network: pure torch, no files, no logging. ``bran.nn.model`` has it on one screen."""
