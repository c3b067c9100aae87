"""What the methods of Database return: plain values, each with the JSON that the command line prints."""
