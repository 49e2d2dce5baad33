"""The detector of one camera, run only on frames that can tell something new."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.detector import Detections, Detector
from ingest.effort import Effort
from ingest.frame import Frame
from ingest.stillness import Stillness

State = dict[str, NDArray[np.generic]]


class Watch:
    """Finds the people in consecutive frames of one camera.

    Args:
        detector: Finds people.
        effort: Which frames are searched. A detector that learns from every frame sees still ones too.
        rate: Frames a second that it will see.

    Raises:
        ConfigError: If frames are to be left out between, but the detector learns from every frame.
    """

    def __init__(self, detector: Detector, effort: Effort, rate: float) -> None:
        self.detector = detector
        self.stride = effort.stride(rate)
        self.stillness = Stillness() if effort.skip_still and detector.resumable else None
        if not detector.resumable and self.stride > 1:
            raise ConfigError(
                f"the detector {detector.identity.name} learns from every frame, so none can be left out: "
                "ingest without --detect-fps (--fps leaves frames out altogether), or with another --detector"
            )
        self._until_next = 0
        self._last = Detections.none()

    @property
    def resumable(self) -> bool:
        """Whether detection can go on in the middle of a video."""
        return self.detector.resumable

    @property
    def settings(self) -> str:
        """All that changes what is found, beside the detector, as readable text."""
        return f"every={self.stride} {self.stillness.settings if self.stillness else ''}".strip()

    def detect(self, frames: Sequence[Frame]) -> list[Detections | None]:
        """The people of each frame; None for frames in which nobody is looked for.

        The detector sees all frames that it has to see at once.
        """
        chosen = range(self._until_next, len(frames), self.stride)
        searched = [k for k in chosen if self.stillness is None or self.stillness.moved(frames[k])]
        new = dict(zip(searched, self.detector.detect([frames[k].image for k in searched]), strict=True))
        found: list[Detections | None] = [None] * len(frames)
        for k in chosen:
            found[k] = self._last = new.get(k, self._last)
        self._until_next = (self._until_next - len(frames)) % self.stride
        return found

    def state(self) -> State:
        """All that is needed to go on, as plain arrays."""
        state: State = {
            "until_next": np.array(self._until_next, np.int64),
            "boxes": self._last.boxes,
            "confidences": self._last.confidences,
        }
        if self.stillness is not None:
            state |= {f"still_{name}": array for name, array in self.stillness.state().items()}
        return state

    def restore(self, state: State) -> None:
        """Goes on from a state that ``state`` gave."""
        self._until_next = int(state["until_next"])
        self._last = Detections(state["boxes"].astype(np.float32), state["confidences"].astype(np.float32))
        if self.stillness is not None:
            self.stillness.restore({name: state[f"still_{name}"] for name in self.stillness.state()})
