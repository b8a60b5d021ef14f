"""From documents to predicted relations."""
