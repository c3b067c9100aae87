"""Ingest: bringing the database in line with the photos that are there."""
