"""K-means clustering of stored poses."""
