"""Training of the Re-ID networks (PaddlePaddle)."""
