"""Passerby's tracker: boxes in, identities within one camera out. Pure NumPy/SciPy, no pixels."""
