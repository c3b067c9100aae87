"""The demo: synthetic photos of mannequins, which need no download and show no real person."""
