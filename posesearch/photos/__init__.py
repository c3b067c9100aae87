"""Decodes photos in processes that can be killed. Also EXIF and the difference hash."""
