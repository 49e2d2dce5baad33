"""How the shipped embedder is made: ``python -m benchmarks.embedder`` (see ``__main__.py``)."""
