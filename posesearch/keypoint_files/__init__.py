"""Keypoint files: files of joint coordinates that a search takes in place of a photo, one module for each format."""
