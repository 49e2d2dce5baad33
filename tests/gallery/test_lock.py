import os
import signal

import pytest

from gallery.errors import GalleryError
from gallery.lock import FileLock, camera_lock, hold_camera


def test_a_second_holder_is_refused_until_the_first_lets_go(tmp_path):
    first, second = FileLock(tmp_path / "a.lock"), FileLock(tmp_path / "a.lock")
    assert first.acquire()
    assert not second.acquire()
    assert second.is_held()
    assert second.holder() == os.getpid()
    first.release()
    assert not second.is_held()
    assert second.acquire()
    second.release()


def test_a_lock_that_nobody_ever_took_is_free(tmp_path):
    lock = FileLock(tmp_path / "a.lock")
    assert not lock.is_held()
    assert lock.holder() is None


def test_cameras_of_any_name_have_locks_of_their_own(tmp_path):
    names = ["door", "Door", "../../etc/passwd", "後門" * 100, "a b", "a/b"]
    locks = [hold_camera(tmp_path, name) for name in names]
    assert len({lock.path for lock in locks}) == len(names)
    assert all(lock.path.parent == tmp_path / "locks" for lock in locks)
    for lock in locks:
        lock.release()


def test_a_camera_that_is_taken_is_refused_by_name_and_process(tmp_path):
    with hold_camera(tmp_path, "door"), pytest.raises(GalleryError, match=rf"camera 'door' .* process {os.getpid()}:"):
        hold_camera(tmp_path, "door")


def test_a_killed_holder_leaves_no_lock(tmp_path, start_python):
    script = tmp_path / "holder.py"
    script.write_text(
        "import sys, time\n"
        "from pathlib import Path\n"
        "from gallery.lock import hold_camera\n"
        "lock = hold_camera(Path(sys.argv[1]), 'door')\n"
        "print('held', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = start_python(script, str(tmp_path))
    assert process.stdout.readline() == "held\n"
    lock = camera_lock(tmp_path, "door")
    assert lock.is_held()
    assert lock.holder() == process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert lock.acquire()
    lock.release()
