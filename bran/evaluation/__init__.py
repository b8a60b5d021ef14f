"""Document-level scores with intervals, significance and leak controls; needs no torch."""
