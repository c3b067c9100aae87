"""Removes photos from the database for good."""
