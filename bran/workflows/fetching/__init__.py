"""PubMed records from NCBI's E-utilities: who asks, how fast, what is answered, and what is kept."""
