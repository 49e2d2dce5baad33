"""How a feature map becomes one vector."""

from ingest.paddle_library import nn, paddle

_LEAST = 1e-6
"""What activations are raised to, so that a channel that is silent everywhere has a finite gradient."""


class AveragePooling(nn.Layer):
    """The mean over all places."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, C, h, w) to (B, C)."""
        return x.mean(axis=[2, 3])


class GeMPooling(nn.Layer):
    """Generalised mean (arXiv 1711.02512, equation 3): (mean xᵖ)^(1/p), p learned, one for all channels.

    p = 1 is average pooling, the least that it may become; the larger p the nearer to max pooling. Each channel is
    divided by its largest value first, so no power underflows or overflows; and it computes in float32 under AMP.

    Args:
        p: Where the exponent starts.
    """

    def __init__(self, p: float = 3.0) -> None:
        super().__init__()
        self.p = self.create_parameter([1], default_initializer=nn.initializer.Constant(p))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, C, h, w), negative values count as 1e-6, to (B, C) float32."""
        with paddle.amp.auto_cast(enable=False):
            x = paddle.clip(x.astype("float32"), min=_LEAST)
            p = paddle.clip(self.p, min=1.0)
            largest = paddle.max(x, axis=[2, 3], keepdim=True)
            mean = paddle.mean(paddle.pow(x / largest, p), axis=[2, 3])
            return paddle.pow(mean, 1.0 / p) * largest.flatten(1)
