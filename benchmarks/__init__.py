"""Every figure that the docs quote, printed again. Not part of the package."""
