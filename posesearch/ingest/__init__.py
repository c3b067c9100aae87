"""Ingest: updates the database to match the photos at the sources."""
