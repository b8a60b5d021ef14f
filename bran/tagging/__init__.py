"""Tagging: mentions found in text, and linked to concepts of MeSH."""
