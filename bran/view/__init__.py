"""How results are shown: tables, figures and pages, from plain values."""
