"""The batch engine: many files in, one folder of tables out; started again, it does what is missing."""
