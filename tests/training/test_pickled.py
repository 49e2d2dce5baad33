import argparse
import io
import os
import pickle
import tarfile
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import pytest

from gallery.errors import ModelError
from tests.training.torch_writer import (
    Call,
    Global,
    Shaped,
    StorageId,
    Storages,
    dump,
    legacy_file,
    state_file,
    zip_file,
)
from training.pickled import read_pickle, read_pickled_arrays

RNG = np.random.default_rng(0)
ARRAYS = {
    "conv.weight": RNG.normal(size=(4, 3, 2, 2)).astype(np.float32),
    "half": RNG.normal(size=5).astype(np.float16),
    "double": RNG.normal(size=(2, 3)),
    "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "bn.num_batches_tracked": np.array(12, dtype=np.int64),
    "empty": np.zeros((0, 3), np.float32),
    "mask": np.array([True, False]),
}


def same(found: dict, expected: dict) -> None:
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].flags.c_contiguous
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("entry", ["", "state_dict", "model"])
def test_torch_files_give_their_arrays(tmp_path: Path, entry: str, legacy: bool):
    read = read_pickled_arrays(state_file(tmp_path / "n.pth", ARRAYS, entry=entry, legacy=legacy))
    same(read.arrays, ARRAYS)
    assert read.entry == entry
    assert read.other_entries == (("epoch",) if entry else ())
    assert read.passed_over == ()


def test_bfloat16_becomes_float32(tmp_path: Path):
    storages = Storages()
    bits = np.array([0x3F80, 0xC000, 0x3EAB], np.uint16)  # 1, -2, 0.333984375: the upper halves of float32
    state = {"w": storages.tensor(bits, kind="bfloat16")}
    found = read_pickle(zip_file(tmp_path / "n.pth", dump(state), storages.bytes))
    same(found, {"w": np.array([1.0, -2.0, 0.333984375], np.float32)})


def test_big_endian_files_are_read(tmp_path: Path):
    storages = Storages(">")
    state = {name: storages.tensor(array) for name, array in ARRAYS.items()}
    same(read_pickle(zip_file(tmp_path / "n.pth", dump(state), storages.bytes, byteorder=b"big")), ARRAYS)


def test_parts_of_a_storage_and_shared_storages(tmp_path: Path):
    storage = StorageId("FloatStorage", "0", 6)
    state = {
        "all": Shaped(storage, 0, (6,), (1,), parameter=True),
        "tail": Shaped(storage, 2, (2, 2), (2, 1)),
        "same": Shaped(storage, 0, (6,), (1,)),
    }
    numbers = np.arange(6, dtype=np.float32)
    found = read_pickle(zip_file(tmp_path / "n.pth", dump(state), {"0": numbers.tobytes()}))
    same(found, {"all": numbers, "tail": np.array([[2, 3], [4, 5]], np.float32), "same": numbers})


def test_strides_of_single_numbers_do_not_matter(tmp_path: Path):
    state = {"w": Shaped(StorageId("FloatStorage", "0", 4), 3, (1, 1), (2**62, 2**62))}
    path = zip_file(tmp_path / "n.pth", dump(state), {"0": np.arange(4, dtype=np.float32).tobytes()})
    same(read_pickle(path), {"w": np.array([[3]], np.float32)})


def test_single_bfloat16(tmp_path: Path):
    storages = Storages()
    state = {"w": storages.tensor(np.array(0x3F80, np.uint16), kind="bfloat16")}
    same(read_pickle(zip_file(tmp_path / "n.pth", dump(state), storages.bytes)), {"w": np.array(1, np.float32)})


def test_legacy_views_of_a_storage(tmp_path: Path):
    storages = Storages()
    storages.tensor(np.arange(6, dtype=np.float32))
    view = StorageId("FloatStorage", "0", 6, more=(("v", 2, 3),))
    path = legacy_file(tmp_path / "n.pth", dump({"w": Shaped(view, 1, (2,), (1,))}), storages)
    same(read_pickle(path), {"w": np.array([3, 4], np.float32)})
    beyond = StorageId("FloatStorage", "0", 6, more=(("v", 4, 3),))
    path = legacy_file(tmp_path / "n.pth", dump({"w": Shaped(beyond, 0, (2,), (1,))}), storages)
    with pytest.raises(ModelError, match="reaches beyond it"):
        read_pickle(path)


def test_foreign_objects_are_passed_over_and_said(tmp_path: Path):
    storages = Storages()
    namespace = Call(Global("argparse", "Namespace"), ())
    content = {
        "state_dict": OrderedDict(w=storages.tensor(ARRAYS["conv.weight"])),
        "args": namespace,
        "cfg": Call(Global("yacs.config", "CfgNode"), ("x",)),
        "scheduler": Call(Global("torch.optim.lr_scheduler", "StepLR"), ()),
    }
    read = read_pickled_arrays(zip_file(tmp_path / "n.pth", dump(content), storages.bytes))
    same(read.arrays, {"w": ARRAYS["conv.weight"]})
    assert read.passed_over == ("argparse.Namespace", "torch.optim.lr_scheduler.StepLR", "yacs.config.CfgNode")
    assert read.other_entries == ("args", "cfg", "scheduler")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_paddle_files_give_their_arrays(tmp_path: Path, protocol: int):
    path = tmp_path / "n.pdparams"
    names = {name: f"{name}_0" for name in ARRAYS}
    path.write_bytes(pickle.dumps({**ARRAYS, "StructuredToParameterName@@": names}, protocol=protocol))
    same(read_pickle(path), ARRAYS)


def test_whatever_pickle_writes_is_read(tmp_path: Path):
    path = tmp_path / "n.pdparams"
    other = {
        "lr": 0.5, "big": 2**70, "text": "é", "bytes": b"\xff", "none": None, "yes": True, "list": [1, (2, 3, 4, 5)],
        "set": {1}, "frozen": frozenset({2}), "args": argparse.Namespace(a=1, b=Path("x")), "scalar": np.float64(3),
        "default": defaultdict(list, a=[1]), "complex": 1j, "range": range(3), "type": int, "array": bytearray(b"1"),
    }  # fmt: skip
    for protocol in range(2, 6):
        path.write_bytes(pickle.dumps({"model": ARRAYS, **other}, protocol=protocol))
        read = read_pickled_arrays(path)
        same(read.arrays, ARRAYS)
        assert "argparse.Namespace" in read.passed_over


def test_single_tensors_of_paddle_carry_their_name(tmp_path: Path):
    path = tmp_path / "n.pdparams"
    path.write_bytes(pickle.dumps({"w": ("linear_0.w_0", ARRAYS["half"])}))
    same(read_pickle(path), {"w": ARRAYS["half"]})


def test_column_order_and_byte_order_of_arrays(tmp_path: Path):
    path = tmp_path / "n.pdparams"
    arrays = {"f": np.asfortranarray(ARRAYS["double"]), "big": ARRAYS["double"].astype(">f8")}
    path.write_bytes(pickle.dumps(arrays, protocol=2))
    same(read_pickle(path), {"f": ARRAYS["double"], "big": ARRAYS["double"]})


def test_bfloat16_of_paddle_is_its_uint16(tmp_path: Path):
    path = tmp_path / "n.pdparams"
    path.write_bytes(pickle.dumps({"w": np.array([0x3F80], np.uint16)}))
    same(read_pickle(path), {"w": np.array([1.0], np.float32)})


class Evil:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (os.system, ("touch {}",), r"(posix|nt)\.system"),
        (eval, ("open({!r}, 'w')",), r"builtins\.eval"),
        (exec, ("open({!r}, 'w')",), r"builtins\.exec"),
        (getattr, (os, "system"), r"builtins\.getattr"),
        (np.fromfile, ("{}",), r"numpy.*fromfile"),
        (np.load, ("{}",), r"numpy.*load"),
        (np.save, ("{}", 1), r"numpy.*save"),
    ],
)
@pytest.mark.parametrize("kind", ["paddle", "zip", "legacy"])
def test_files_that_ask_for_harm_are_refused(tmp_path: Path, function, arguments, name: str, kind: str):
    touched = tmp_path / "touched"
    filled = tuple(a.format(touched) if isinstance(a, str) else (0 if a is os else a) for a in arguments)
    evil = pickle.dumps({"w": ARRAYS["half"], "x": Evil(function, *filled)}, protocol=2)
    path = tmp_path / "n.pth"
    if kind == "zip":
        zip_file(path, evil, {})
    elif kind == "legacy":
        legacy_file(path, evil, Storages())
    else:
        path.write_bytes(evil)
    with pytest.raises(ModelError, match=name):
        read_pickle(path)
    assert not touched.exists()


@pytest.mark.parametrize(
    "name",
    [
        ("subprocess", "Popen"), ("importlib", "import_module"), ("runpy", "run_path"), ("torch.hub", "load"),
        ("torch", "load"), ("paddle", "load"), ("__builtin__", "eval"), ("commands", "getoutput"), ("copyreg", "add_extension"),
        ("numpy.core.multiarray", "fromfile"), ("numpy", "memmap"), ("builtins", "__import__"), ("webbrowser", "open"),
        ("builtins", "eval.__call__"), ("functools", "partial"), ("operator", "attrgetter"), ("pickle", "loads"),
    ],
)  # fmt: skip
def test_names_that_no_weights_need_are_refused_even_uncalled(tmp_path: Path, name: tuple[str, str]):
    with pytest.raises(ModelError, match="plain weights do not need"):
        read_pickle(zip_file(tmp_path / "n.pth", dump({"a": Global(*name)}), {}))


def test_nothing_named_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "stranger.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    storages = Storages()
    content = {"state_dict": {"w": storages.tensor(ARRAYS["half"])}, "x": Call(Global("stranger", "run"), ("rm",))}
    read = read_pickled_arrays(zip_file(tmp_path / "n.pth", dump(content), storages.bytes))
    assert read.passed_over == ("stranger.run",)


@pytest.mark.parametrize("legacy", [False, True])
def test_whole_networks_are_refused_with_the_remedy(tmp_path: Path, legacy: bool):
    pickled = dump(Call(Global("torch.nn.modules.container", "Sequential"), ()))
    path = tmp_path / "n.pth"
    legacy_file(path, pickled, Storages()) if legacy else zip_file(path, pickled, {})
    with pytest.raises(ModelError, match=r"one torch\.nn\.modules\.container\.Sequential.*state_dict"):
        read_pickle(path)


NUMBERS = np.arange(4, dtype=np.float32).tobytes()
FOUR = StorageId("FloatStorage", "0", 4)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (Shaped(FOUR, 0, (5,), (1,)), "beyond its 4"),
        (Shaped(FOUR, 1, (4,), (1,)), "beyond its 4"),
        (Shaped(FOUR, 0, (2, 2), (3, 1)), "beyond its 4"),
        (Shaped(FOUR, 0, (2**40, 2**40), (0, 0)), "beyond its 4"),
        (Shaped(FOUR, -1, (1,), (1,)), "no whole numbers"),
        (Shaped(FOUR, 0, (2,), (-1,)), "no whole numbers"),
        (Shaped(FOUR, 0, (2**70,), (0,)), "no whole numbers"),
        (Shaped(FOUR, 0, (1.0,), (1,)), "no whole numbers"),
        (Shaped(FOUR, 0, (1,), (1, 1)), "1 sizes and 2 strides"),
        (Shaped(FOUR, 0, (1,) * 9, (1,) * 9), "9 sizes"),
        (Shaped(FOUR, 0, (0, 2**62, 2**62), (0, 0, 0)), "has the shape"),
        (Shaped(StorageId("FloatStorage", "0", 400), 0, (400,), (1,)), "16 bytes, not 1600"),
        (Shaped(StorageId("FloatStorage", "0", -4), 0, (1,), (1,)), "impossible length"),
        (Shaped(StorageId("FloatStorage", "0", 2**62), 0, (1,), (1,)), "impossible length"),
        (Shaped(StorageId("FloatStorage", "1", 4), 0, (1,), (1,)), "storage 1 is missing"),
        (Shaped(StorageId("FloatStorage", "../../etc/passwd", 4), 0, (1,), (1,)), "a name that PyTorch does not give"),
        (Shaped(StorageId("Quaternion", "0", 4), 0, (1,), (1,)), "unknown kind"),
    ],
)
def test_tensors_beyond_their_numbers_are_refused(tmp_path: Path, tensor: Shaped, message: str):
    with pytest.raises(ModelError, match=message):
        read_pickle(zip_file(tmp_path / "n.pth", dump({"w": tensor}), {"0": NUMBERS}))


def test_legacy_files_with_other_storages_are_refused(tmp_path: Path):
    storages = Storages()
    tensor = storages.tensor(np.arange(4, dtype=np.float32))
    path = legacy_file(tmp_path / "n.pth", dump({"w": tensor}), storages)
    whole = path.read_bytes()
    for cut in (1, 17, 24, 30, 200):
        path.write_bytes(whole[:-cut])
        with pytest.raises(ModelError):
            read_pickle(path)
    path.write_bytes(whole.replace(b"M\xe9\x03.", b"]" + b"]" * 3 + b"."))
    with pytest.raises(ModelError):
        read_pickle(path)
    storages.lengths["0"] = 5
    legacy_file(path, dump({"w": tensor}), storages)
    with pytest.raises(ModelError, match="incomplete"):
        read_pickle(path)


def test_a_small_file_cannot_fill_the_memory(tmp_path: Path):
    numbers = bytes(4_000_000)
    storage = StorageId("FloatStorage", "0", 1_000_000)
    state = {f"w{i}": Shaped(storage, 0, (1_000_000,), (1,)) for i in range(1000)}
    with pytest.raises(ModelError, match="over and over"):
        read_pickle(zip_file(tmp_path / "n.pth", dump(state), {"0": numbers}))
    text = b"X" + (1_000_000).to_bytes(4, "little") + b"a" * 1_000_000
    again = b"(c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R0" * 100_000
    path = tmp_path / "n.pdparams"
    path.write_bytes(b"\x80\x02" + text + b"q\x00" + again + b".")
    with pytest.raises(ModelError, match="over and over"):
        read_pickle(path)


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02r" + b"\xff\xff\xff\x7f" + b".",  # keeps nothing far out in the memo
        b"\x80\x02N\x72\xff\xff\xff\x7f.",
        b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.",  # bytes of 2**63
        b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7f.",
        b"\x80\x05\x96" + b"\xff" * 7 + b"\x7f.",
        b"\x80\x05\x97.",  # out-of-band buffer
        b"\x80\x02\x82\x01.",  # extension code
        b"\x80\x09.",
        b"\x80\x02.",
        b"\x80\x02t.",
        b"\x80\x02(.",
        b"\x80\x02N)R.",
        b"\x80\x02]NNs.",
        b"\x80\x02}(Nu.",
        b"\x80\x02}((NNtNu.",  # a tuple as a key
        b"\x80\x02h\x07.",
        b"\x80\x02Q.",
        b"\x80\x02Pfile\n.",
        b"\x80\x02cos\n",
        b"\x80\x02I" + b"9" * 5000 + b"\n.",
        b"PK\x03\x04 not really a zip",
        b"PK\x05\x06" + bytes(18),  # an empty zip
        b"\x89HDF\r\n",
        b"hello",
        b"\x00",
        b"",
    ],
)  # fmt: skip
def test_damaged_programs_are_refused(tmp_path: Path, program: bytes):
    path = tmp_path / "n.pth"
    path.write_bytes(program)
    with pytest.raises(ModelError, match=r"n\.pth: "):
        read_pickle(path)
    if program and not program.startswith(b"PK"):
        with pytest.raises(ModelError, match=r"n\.pth: "):
            read_pickle(zip_file(path, program, {}))


def test_what_cannot_be_read_is_said_with_a_remedy(tmp_path: Path):
    (tmp_path / "n.pth").touch()
    with pytest.raises(ModelError, match=r"n\.pth: it is empty; copy or download it again"):
        read_pickle(tmp_path / "n.pth")
    with pytest.raises(ModelError, match=r"absent\.pth: cannot be read \(No such file or directory\); check the name"):
        read_pickle(tmp_path / "absent.pth")
    with zipfile.ZipFile(tmp_path / "best.npz", "w") as archive:
        archive.writestr("network.npy", b"")
    with pytest.raises(ModelError, match=r"network files \(\.npz\) need no import"):
        read_pickle(tmp_path / "best.npz")


def test_deep_nesting_overflows_nothing(tmp_path: Path):
    path = tmp_path / "n.pdparams"
    deep = b"\x80\x02N" + b"\x85" * 100_000
    for end in (b".", b"N\x86R.", b"}h\x00N\x86b.", b"cnumpy\ndtype\n" + b"\x85" * 3 + b"R."):
        path.write_bytes(deep + end)
        with pytest.raises(ModelError):
            read_pickle(path)
    path.write_bytes(b"\x80\x02}N" + b"\x85" * 100_000 + b"Ns.")
    with pytest.raises(ModelError, match="key of type tuple"):
        read_pickle(path)
    kind = b"cnumpy\ndtype\nX\x02\x00\x00\x00f4\x85R"
    path.write_bytes(b"\x80\x02" + kind + b"N" + b"\x85" * 100_000 + b"b.")
    with pytest.raises(ModelError):
        read_pickle(path)


def test_zip_files_that_trick_are_refused(tmp_path: Path):
    path = tmp_path / "n.pth"
    tensor = {"w": Shaped(FOUR, 0, (4,), (1,))}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", dump(tensor))
        archive.writestr("archive/data/0", bytes(10_000_000))
    with pytest.raises(ModelError, match="compressed"):
        read_pickle(path)
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("archive/data.pkl", dump(tensor))
        archive.writestr("archive/data/0", NUMBERS)
        archive.writestr("archive/data/0", NUMBERS)
    with pytest.raises(ModelError, match="same name"):
        read_pickle(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", dump(tensor))
        archive.writestr("b/data.pkl", dump(tensor))
    with pytest.raises(ModelError, match=r"without PyTorch's data\.pkl"):
        read_pickle(path)
    with pytest.raises(ModelError, match="TorchScript"):
        read_pickle(zip_file(path, dump(tensor), {"0": NUMBERS}, **{"constants.pkl": b"\x80\x02)."}))
    with pytest.raises(ModelError, match="byte order"):
        read_pickle(zip_file(path, dump(tensor), {"0": NUMBERS}, byteorder=b"middle"))


def test_overlapping_entries_of_a_zip_are_refused(tmp_path: Path):
    path = zip_file(tmp_path / "n.pth", dump({"w": Shaped(FOUR, 0, (4,), (1,))}), {str(i): NUMBERS for i in range(300)})
    whole = bytearray(path.read_bytes())
    at = 0
    while (at := whole.find(b"PK\x01\x02", at)) >= 0:  # the central directory: each entry says it is 1 MB
        if b"data/" in whole[at + 46 : at + 66]:
            whole[at + 20 : at + 28] = (10**6).to_bytes(4, "little") * 2
        at += 4
    path.write_bytes(whole)
    with pytest.raises(ModelError, match="overlap"):
        read_pickle(path)


def test_flipped_bits_are_an_error_or_other_numbers(tmp_path: Path):
    whole = {
        "zip": state_file(tmp_path / "z.pth", ARRAYS, entry="model").read_bytes(),
        "legacy": state_file(tmp_path / "l.pth", ARRAYS, entry="model", legacy=True).read_bytes(),
        "paddle": pickle.dumps(ARRAYS, protocol=4),
    }
    path = tmp_path / "n.pth"
    rng = np.random.default_rng(1)
    refused = 0
    for content in whole.values():
        for _ in range(60):
            damaged = bytearray(content)
            damaged[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
            path.write_bytes(damaged)
            try:
                read_pickle(path)
            except ModelError:
                refused += 1
    assert refused > 30


def test_zip_checksums_are_checked(tmp_path: Path):
    path = state_file(tmp_path / "n.pth", {"w": np.full(1000, 1.5, np.float32)})
    whole = bytearray(path.read_bytes())
    whole[whole.index(np.full(9, 1.5, np.float32).tobytes()) + 5] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ModelError, match=r"Bad CRC-32 for file .archive/data/0"):
        read_pickle(path)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([object()]), "type 'O8'|holds objects"),
        (np.array(["text"]), "type 'U4'"),
        (np.zeros(2, [("a", "f4")]), "type 'V4'"),
        (np.zeros(2, np.complex64), "type 'c8'"),
        (np.zeros(2, "M8[s]"), "type 'M8'"),
    ],
)
def test_arrays_of_objects_are_refused(tmp_path: Path, array: np.ndarray, message: str):
    path = tmp_path / "n.pdparams"
    with np.errstate(all="ignore"):
        path.write_bytes(pickle.dumps({"w": array if array.dtype != object else np.array([None])}, protocol=2))
    with pytest.raises(ModelError, match=message):
        read_pickle(path)


def test_which_weights_are_taken(tmp_path: Path):
    path = tmp_path / "n.pdparams"
    a, b = {"w": ARRAYS["half"]}, {"w": ARRAYS["double"]}
    path.write_bytes(pickle.dumps({"teacher": a, "state_dict": b}))
    same(read_pickle(path), b)
    same(read_pickled_arrays(path, entry="teacher").arrays, a)
    with pytest.raises(ModelError, match="no weights under 'ema'; it has them under: teacher, state_dict"):
        read_pickled_arrays(path, entry="ema")
    path.write_bytes(pickle.dumps({"student": a, "step": 3}))
    same(read_pickle(path), a)
    path.write_bytes(pickle.dumps({"student": a, "teacher": b}))
    with pytest.raises(ModelError, match=r"several names \(student, teacher\)"):
        read_pickle(path)
    path.write_bytes(pickle.dumps({"step": 3}))
    with pytest.raises(ModelError, match="no weights; its entries are: step"):
        read_pickle(path)
    path.write_bytes(pickle.dumps([ARRAYS["half"]]))
    with pytest.raises(ModelError, match="holds one list"):
        read_pickle(path)
    path.write_bytes(pickle.dumps({"a": ARRAYS["half"], "b": ARRAYS["half"], "c": 3}))
    with pytest.raises(ModelError, match="entry 'c' of its weights is no array but int"):
        read_pickle(path)


def test_files_that_are_not_there_or_not_pickles(tmp_path: Path):
    with pytest.raises(ModelError, match="cannot be read"):
        read_pickle(tmp_path / "n.pth")
    with pytest.raises(ModelError, match=r"cannot be read|bytes"):
        read_pickle(tmp_path)
    path = tmp_path / "n.pth.tar"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("storages"), io.BytesIO())
    with pytest.raises(ModelError, match="tar archive"):
        read_pickle(path)


def test_names_cannot_write_on_the_terminal(tmp_path: Path):
    storages = Storages()
    tensor = storages.tensor(ARRAYS["half"])
    path = tmp_path / "n.pth"
    for content in ({"w": tensor, "\x1b[2J": tensor}, {"w": tensor, "a" * 301: tensor}):
        with pytest.raises(ModelError, match="a name that no network gives"):
            read_pickle(zip_file(path, dump(content), storages.bytes))
    with pytest.raises(ModelError, match="cannot be one"):
        read_pickle(zip_file(path, dump({"w": tensor, "x": Global("yacs", "\x1b[2J")}), storages.bytes))


def test_what_was_downloaded_instead_of_weights(tmp_path: Path):
    path = tmp_path / "n.pth"
    path.write_bytes(b"<!DOCTYPE html><html><title>Google Drive - Virus scan warning</title></html>")
    with pytest.raises(ModelError, match="a web page, not weights: download it again"):
        read_pickle(path)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(ModelError, match="no weights file of PyTorch or Paddle"):
        read_pickle(path)


def test_real_torch_files_are_read(tmp_path: Path):
    torch = pytest.importorskip("torch")
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    state = network.state_dict()
    state["t"] = torch.arange(6.0).reshape(2, 3).t()
    state["b"] = torch.tensor([1.0, -2.0]).bfloat16()
    for zipped in (True, False):
        path = tmp_path / "n.pth"
        torch.save({"state_dict": state, "epoch": 1}, path, _use_new_zipfile_serialization=zipped)
        found = read_pickle(path)
        assert list(found) == list(state)
        for name, value in state.items():
            np.testing.assert_array_equal(found[name], value.float().numpy() if name == "b" else value.numpy())
