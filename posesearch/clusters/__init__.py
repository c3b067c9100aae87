"""Clustering: k-means over stored poses, and the tables that it is stored in."""
