"""Poses in pure NumPy: acceptance rule, normalization, similarity, nearest centroid."""
