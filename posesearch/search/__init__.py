"""Search: the poses most similar to a query, to many queries, and to each other."""
