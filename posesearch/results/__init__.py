"""The reports that the methods of Database return, with their conversion to JSON."""
