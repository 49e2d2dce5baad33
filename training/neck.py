"""The batch normalisation between what pair losses and what classifiers see (BNNeck, arXiv 1903.07071, figure 4)."""

from ingest.paddle_library import nn, paddle

_MOMENTUM = 0.9
_EPSILON = 1e-5


class BNNeck(nn.Layer):
    """Batch normalisation whose bias is not trained; it is 0 unless it was imported.

    Paddle's own layer cannot be that: its backward pass gives no gradient to the scale either where the bias wants none.
    So while training, the scale is a multiplication of its own. ``SyncBatchNorm.convert_sync_batchnorm`` leaves it alone:
    on several devices each normalises by its own batch, as in fast-reid and PaddleClas.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.weight = self.create_parameter([dimension], default_initializer=nn.initializer.Constant(1.0))
        self.bias = self.create_parameter([dimension], attr=paddle.ParamAttr(trainable=False), is_bias=True)
        self.register_buffer("_mean", paddle.zeros([dimension]))
        self.register_buffer("_variance", paddle.ones([dimension]))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, dimension) to the same shape."""
        if self.training:
            return self._normalised(x) * self.weight + self.bias
        return self._normalised(x, weight=self.weight, bias=self.bias)

    def _normalised(self, x: paddle.Tensor, **scale: paddle.Tensor) -> paddle.Tensor:
        return nn.functional.batch_norm(
            x, self._mean, self._variance, training=self.training, momentum=_MOMENTUM, epsilon=_EPSILON, **scale
        )
