from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.runtime import Precision, Runtime, Tensor
from ingest.runtimes import open_runtime

Write = Callable[..., Path]


def pixels(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(5).uniform(0, 255, (count, 3, 16, 8)).astype(np.float32)


@pytest.mark.parametrize("kind", ["tiny_onnx", "tiny_openvino"])
def test_a_network_runs_in_the_batch_asked_for(kind: str, request: pytest.FixtureRequest) -> None:
    runtime = open_runtime(request.getfixturevalue(kind)(), batch=4, threads=1)
    assert runtime.batch == 4
    assert runtime.input.shape == (4, 3, 16, 8)
    batch = pixels(4)
    assert runtime.run(batch)[0] == pytest.approx(batch.mean(axis=(2, 3)), rel=1e-5)


def test_a_network_made_for_one_image_runs_one_by_one(tiny_onnx: Write) -> None:
    runtime = open_runtime(tiny_onnx(batch=1), batch=8, threads=1)
    assert runtime.batch == 1
    assert runtime.run(pixels(1))[0].shape == (1, 3)


@pytest.mark.parametrize("kind", ["tiny_onnx", "tiny_openvino"])
def test_another_shape_is_refused(kind: str, request: pytest.FixtureRequest) -> None:
    runtime = open_runtime(request.getfixturevalue(kind)(), batch=2, threads=1)
    with pytest.raises(ModelError, match=r"takes \(2, 3, 16, 8\), not \(3, 3, 16, 8\)"):
        runtime.run(pixels(3))


def test_a_result_is_the_callers_own(tiny_openvino: Write) -> None:
    runtime = open_runtime(tiny_openvino(), threads=1)
    first = runtime.run(pixels(1))[0]
    kept = first.copy()
    runtime.run(np.zeros((1, 3, 16, 8), np.float32))
    assert first.tolist() == kept.tolist()


@pytest.mark.parametrize("suffix", [".pdparams", ".pt", ""])
def test_a_suffix_without_runtime_is_refused_by_name(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ModelError, match=rf"'{suffix}'.*supported are \.onnx, \.xml, \.json and \.pdmodel"):
        open_runtime(tmp_path / f"network{suffix}")


def test_a_network_file_has_to_be_exported_first(tmp_path: Path) -> None:
    (tmp_path / "best.npz").touch()
    with pytest.raises(ModelError, match=r"best\.npz.*export a network file first: passerby export FILE\.npz"):
        open_runtime(tmp_path / "best.npz")


@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "No such file"), (b"", "empty"), (b"not a network at all", "damaged or of another kind")],
)
def test_a_file_that_is_no_network_is_refused(
    tmp_path: Path, suffix: str, content: bytes | None, complaint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    if suffix == ".xml":
        pytest.importorskip("openvino")
    path = tmp_path / f"network{suffix}"
    path.with_suffix(".bin").write_bytes(b"")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=complaint) as caught:
        open_runtime(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_half_an_onnx_file_is_refused(tiny_onnx: Write) -> None:
    path = tiny_onnx()
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ModelError, match="damaged"):
        open_runtime(path)


def test_openvino_weights_must_lie_beside_it(tiny_openvino: Write) -> None:
    path = tiny_openvino()
    path.with_suffix(".bin").unlink()
    with pytest.raises(ModelError, match=r"tiny\.bin is missing"):
        open_runtime(path)


def test_openvino_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "network.xml"
    path.write_text("<net/>")
    monkeypatch.setattr("ingest.runtimes.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'passerby\[openvino\]'"):
        open_runtime(path)


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this machine has CUDA")
def test_cuda_is_never_replaced_by_the_cpu(tiny_onnx: Write) -> None:
    with pytest.raises(ModelError, match="onnxruntime-gpu"):
        open_runtime(tiny_onnx(), device="cuda")


def test_openvino_refuses_cuda(tiny_openvino: Write) -> None:
    with pytest.raises(ModelError, match="OpenVINO runs on the CPU"):
        open_runtime(tiny_openvino(), device="cuda")


def test_onnxruntime_refuses_bf16(tiny_onnx: Write) -> None:
    with pytest.raises(ModelError, match="fp32, not bf16"):
        open_runtime(tiny_onnx(), precision="bf16")


@pytest.mark.parametrize("kind", ["tiny_onnx", "tiny_openvino"])
def test_tensorrt_takes_paddle_exports_only(kind: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(ModelError, match="on tensorrt"):
        open_runtime(request.getfixturevalue(kind)(), device="tensorrt")


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_openvino_refuses_precisions_of_tensorrt(tiny_openvino: Write, precision: Precision) -> None:
    with pytest.raises(ModelError, match=f"in {precision}: OpenVINO computes in fp32 or bf16"):
        open_runtime(tiny_openvino(), precision=precision)


def test_an_onnx_network_may_ask_for_more_than_images(tiny_onnx: Write) -> None:
    runtime = open_runtime(tiny_onnx(told="scale_factor"), batch=2, threads=1)
    assert runtime.others == (Tensor("scale_factor", (None, 2)),)
    batch, told = pixels(2), np.array([[1, 2], [3, 4]], np.float32)
    means, echo = runtime.run(batch, scale_factor=told)
    assert means == pytest.approx(batch.mean(axis=(2, 3)), rel=1e-5)
    assert echo.tolist() == told.tolist()
    with pytest.raises(ModelError, match="takes scale_factor beside its images, not nothing"):
        runtime.run(batch)


@pytest.mark.parametrize("kind", ["tiny_onnx", "tiny_openvino"])
def test_what_a_network_did_not_ask_for_is_refused(kind: str, request: pytest.FixtureRequest) -> None:
    runtime = open_runtime(request.getfixturevalue(kind)(), threads=1)
    with pytest.raises(ModelError, match="takes nothing beside its images, not im_shape"):
        runtime.run(pixels(1), im_shape=np.ones((1, 2), np.float32))


def company_changes(runtime: Runtime, batch: NDArray[np.float32]) -> float:
    """Largest change of the first image's output when the others are replaced by nothing."""
    alone = np.zeros_like(batch)
    alone[0] = batch[0]
    rows = runtime.run(batch)[0], runtime.run(alone)[0]
    return float(np.abs(rows[0][0] - rows[1][0]).max())


@pytest.mark.shared
@pytest.mark.parametrize(
    "file", ["person-reidentification-retail-0277/person-reidentification-retail-0277.xml", "osnet_x0_25_msmt17.onnx"]
)
def test_an_image_gives_the_same_whatever_stands_beside_it(models: Path, file: str) -> None:
    if file.endswith(".xml"):
        pytest.importorskip("openvino")
    runtime = open_runtime(models / file, batch=4, threads=2)
    batch = np.random.default_rng(3).uniform(0, 255, (4, 3, 256, 128)).astype(np.float32)
    assert company_changes(runtime, batch) == 0.0
    moved = runtime.run(batch[[2, 0, 3, 1]])[0]
    assert np.array_equal(moved, runtime.run(batch)[0][[2, 0, 3, 1]])
