"""A photo's bytes to its pixels: decoding in processes that can be killed, EXIF, difference hash."""
