"""Documents, the formats that they come in, and the corpora that they make up."""
