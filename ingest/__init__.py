"""Pixels: video sources, networks, detectors, embedders, and the pipeline of one camera."""
