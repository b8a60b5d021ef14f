"""The relation table: its columns, the formats that it is written in, and reading it back."""
