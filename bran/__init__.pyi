"""What type checkers see of the package's public names; at run time they are imported when they are first used."""

from bran.corpus.document import Document as Document
from bran.corpus.readers import read_documents as read_documents
from bran.workflows.pipeline import Pipeline as Pipeline
from bran.workflows.pipeline import load as load

__version__: str
__all__ = ["Document", "Pipeline", "__version__", "load", "read_documents"]
