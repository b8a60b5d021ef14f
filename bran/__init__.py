"""Document-level biomedical relation extraction: abstracts in, relation tables out."""

__version__ = "0.1.0"
