"""The report: one page that holds documents, their relations and the figures of them all, and needs no other file."""
