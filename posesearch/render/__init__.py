"""Drawing of poses: skeletons on photos, sheets of results, plots of clusterings and drawings in the terminal."""
