"""The return values of Database, with their conversion to JSON."""
