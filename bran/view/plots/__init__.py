"""Plots: each function takes numbers that were computed elsewhere and returns a figure, in one style."""
