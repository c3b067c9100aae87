"""Poses as vectors: which people become poses, normalization, similarity, nearest centroid. Pure NumPy."""
