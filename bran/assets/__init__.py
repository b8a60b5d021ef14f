"""What ships with the package beside code: models and tables, each with a card."""
