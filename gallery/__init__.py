"""What is kept: tracklets, vectors, crops, the change log and the vector index."""
