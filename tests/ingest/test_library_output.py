"""What C++ libraries print is kept out of a command's result."""

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

from ingest.library_output import nothing_printed, printed_to_stderr


def c_print(text):
    """Prints as C does: into a buffer of its own."""
    ctypes.CDLL(None).printf(text)


def test_it_goes_to_standard_error(capfd):
    print("before", flush=False)
    with printed_to_stderr():
        os.write(1, b"raw\n")
        c_print(b"of C\n")
    print("after")
    sys.stdout.flush()
    out, err = capfd.readouterr()
    assert out == "before\nafter\n"
    assert err == "raw\nof C\n"


def test_nothing_is_left_of_it(capfd):
    with nothing_printed():
        os.write(1, b"out\n")
        os.write(2, b"error\n")
        c_print(b"of C\n")
    os.write(1, b"after\n")
    os.write(2, b"after\n")
    assert capfd.readouterr() == ("after\n", "after\n")


def test_descriptors_are_put_back_after_an_error(capfd):
    with suppress(ZeroDivisionError), nothing_printed(), printed_to_stderr():
        os.write(1, b"%d" % (1 // 0))
    os.write(1, b"here\n")
    assert capfd.readouterr() == ("here\n", "")


def test_no_descriptor_is_left_open():
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    with nothing_printed(), printed_to_stderr():
        pass
    assert len(list(descriptors.iterdir())) == before
