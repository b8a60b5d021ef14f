"""Ablation studies: a grid of variant × seed × fold, every run done once, and the tables that come of it."""
