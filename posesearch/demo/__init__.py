"""Synthetic photos of mannequins, for the demo and the tests."""
