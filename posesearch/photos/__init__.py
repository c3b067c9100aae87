"""Photos: decode them in processes that can be killed, read EXIF, and compute the difference hash."""
