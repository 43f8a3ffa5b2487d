import ctypes
import os
import sys
from pathlib import Path

from processing.ffmpeg.isolation import can_serve_sources, has_private_files, has_private_network

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000


def may_leave_the_network() -> bool:
    """Try it in a child, as the guard does."""
    child = os.fork()
    if child == 0:
        libc = ctypes.CDLL(None)
        done = libc.unshare(CLONE_NEWNET) == 0 or libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0
        os._exit(0 if done else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_it_says_what_this_machine_allows() -> None:
    assert has_private_network() == may_leave_the_network()


def test_it_says_whether_the_kernel_rules_files_by_program() -> None:
    asked = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    assert has_private_files() == (sys.platform.startswith("linux") and asked >= 1)
    if "landlock" in _security_modules():
        assert has_private_files()


def _security_modules() -> str:
    listed = Path("/sys/kernel/security/lsm")
    return listed.read_text() if listed.exists() else ""


def test_where_there_is_a_private_network_a_source_is_served_in_it() -> None:
    assert can_serve_sources() == may_leave_the_network()
