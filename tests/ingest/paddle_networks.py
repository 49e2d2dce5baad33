"""Tiny real networks in the output forms of PaddleDetection's families, exported on the spot by ``paddle.jit.save``.

Each looks for two colours in what it is given: the box of all that is red is a person, the box of all that is blue a
car. How red the person is, as the network is given it, is its confidence. So a wrong order of the channels swaps the
classes, wrong numbers change the confidence, and a wrong scale moves the box.
"""

import inspect
import logging
import warnings
from pathlib import Path

import numpy as np

from ingest.paddle_library import paddle

F = paddle.nn.functional
BINS = 8


class Colours(paddle.nn.Layer):
    """Rows of the person and the car in pixels of the input: class, confidence, x1, y1, x2, y2."""

    def __init__(self, red: float):
        super().__init__()
        self.red = red  # how red something must be, as the network is given it
        # A network without weights has no file for them.
        self.gain = self.create_parameter([1], default_initializer=paddle.nn.initializer.Constant(1.0))

    def rows(self, image):
        # Padding that was added after normalising is zero everywhere.
        person = self.row(image[0, 0], image[0, 2], 0.0)
        car = self.row(image[0, 2], image[0, 0], 1.0)
        return paddle.stack([person, car])

    def row(self, strong, weak, number):
        mask = paddle.cast((strong >= self.red) & (weak < self.red), "float32")
        height, width = paddle.shape(strong)[0], paddle.shape(strong)[1]
        columns, lines = paddle.max(mask, axis=0), paddle.max(mask, axis=1)
        sides = [
            paddle.argmax(columns),
            paddle.argmax(lines),
            paddle.cast(width, "int64") - paddle.argmax(paddle.flip(columns, [0])),
            paddle.cast(height, "int64") - paddle.argmax(paddle.flip(lines, [0])),
        ]
        there = paddle.max(columns)
        confidence = paddle.sum(strong * mask) / paddle.clip(paddle.sum(mask), min=1.0) * there * self.gain[0]
        whole = paddle.stack([paddle.cast(side, "float32") for side in sides])
        return paddle.concat([paddle.full([1], number), confidence.reshape([1]), whole])


def counted(rows):
    return paddle.full([1], 0, "int32") + paddle.shape(rows)[0]


def per_pixel(scale_factor):
    """(1, 4) x, y, x, y from (1, 2) y, x."""
    return paddle.concat([scale_factor[:, 1:], scale_factor[:, :1]] * 2, axis=1)


class Yolo(Colours):
    """YOLOv3, SSD: clips to the picture, whose size it finds from the resized one."""

    def forward(self, im_shape, image, scale_factor):
        rows = self.rows(image)
        size = paddle.floor(im_shape / scale_factor + 0.5)
        boxes = paddle.minimum(
            rows[:, 2:] / per_pixel(scale_factor), paddle.concat([size[:, 1:], size[:, :1]] * 2, axis=1)
        )
        rows = paddle.concat([rows[:, :2], boxes], axis=1)
        rows = paddle.gather(rows, paddle.nonzero(rows[:, 1] > 0).reshape([-1]))
        return rows, counted(rows)


class PpYoloe(Colours):
    """PP-YOLOE, YOLOX, and PicoDet with its post-processing."""

    def forward(self, image, scale_factor):
        rows = self.rows(image)
        rows = paddle.concat([rows[:, :2], rows[:, 2:] / per_pixel(scale_factor)], axis=1)
        rows = paddle.gather(rows, paddle.nonzero(rows[:, 1] > 0).reshape([-1]))
        return rows, counted(rows)


class Jde(Colours):
    """The YOLOv3 of JDE: it is told nothing, and answers in pixels of its input."""

    def forward(self, image):
        rows = self.rows(image)
        return paddle.gather(rows, paddle.nonzero(rows[:, 1] > 0).reshape([-1])), paddle.full([1], 2, "int32")


class Rcnn(Colours):
    """Faster and Mask R-CNN: a row without confidence where nothing was found, and masks after the rows."""

    def forward(self, im_shape, image, scale_factor):
        rows = self.rows(image)
        nothing = paddle.to_tensor([[0.0, 0.0, 0.0, 0.0, 1.0, 1.0]])
        found = rows[:, 1:2] > 0
        rows = paddle.where(found.expand([2, 6]), rows, nothing.expand([2, 6]))
        boxes = rows[:, 2:] / per_pixel(scale_factor) + 0 * paddle.sum(im_shape)
        rows = paddle.concat([rows[:, :2], boxes], axis=1)
        return rows, counted(rows), paddle.zeros([2, 28, 28])


class Grids(Colours):
    """PicoDet without its post-processing: both grids report what they see, so that one box must be suppressed."""

    def __init__(self, red, height, width, strides):
        super().__init__(red)
        self.grids = [(self.middles(height, width, stride), stride) for stride in strides]

    @staticmethod
    def middles(height, width, stride):
        rows, columns = np.mgrid[0 : -(-height // stride), 0 : -(-width // stride)]
        return ((np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) * stride).astype(np.float32)

    def forward(self, image):
        rows = self.rows(image)
        confidences, sides = [], []
        for middles, stride in self.grids:
            cells = paddle.to_tensor(middles)
            centres = (rows[:, 2:4] + rows[:, 4:]) / 2
            far = paddle.abs(cells.unsqueeze(1) - centres.unsqueeze(0)).max(axis=2)  # (cells, classes)
            confidences.append((paddle.cast(far <= stride / 2, "float32") * rows[:, 1]).unsqueeze(0))
            box = rows[0, 2:]  # the classes share their boxes: those of the person
            distances = paddle.concat([cells - box[:2], box[2:] - cells], axis=1) / stride
            bins = paddle.arange(BINS, dtype="float32")
            weights = F.relu(1 - paddle.abs(distances.unsqueeze(2) - bins))
            sides.append(paddle.log(weights + 1e-12).reshape([1, len(middles), 4 * BINS]))
        return (*confidences, *sides)


class Means(paddle.nn.Layer):
    """An embedder: the mean of each channel times a weight."""

    def __init__(self):
        super().__init__()
        weights = paddle.nn.initializer.Assign(np.array([1.0, 2.0, 4.0], np.float32))
        self.weights = self.create_parameter([3], default_initializer=weights)

    def forward(self, x):
        return paddle.mean(x, axis=[2, 3]) * self.weights


class Upsampled(Means):
    """With the operation that fails under oneDNN in Paddle 3.3."""

    def forward(self, x):
        return super().forward(F.interpolate(x, scale_factor=2, mode="nearest"))


def export(network: paddle.nn.Layer, path: Path, **inputs: list[int]) -> Path:
    """Writes ``path`` (.json) and its weights; the inputs by name with their shapes, -1 for what may vary."""
    network.eval()
    names = list(inspect.signature(network.forward).parameters)
    specs = [paddle.static.InputSpec(inputs[name], "float32", name) for name in names]
    handlers = logging.getLogger().handlers[:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        static = paddle.jit.to_static(network, input_spec=specs, full_graph=True)
        paddle.jit.save(static, str(path.with_suffix("")))
    logging.getLogger().handlers[:] = handlers
    return path
