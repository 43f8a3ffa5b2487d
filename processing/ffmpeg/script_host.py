"""Runs scripts of ours in forks of itself, which find PyAV loaded: `python -I script_host.py DESCRIPTOR`.

Loading it takes most of the time of a short script, and a video needs half a dozen of them. This process reads no byte of
a stranger's: a fork takes the guard's limits on before it does. It stands alone, like the guard. A request comes with
three descriptors: of the script's output, of its errors, and of a line on which four bytes tell how it ended. Whoever
hangs that line up ends the fork and all that it has started; with the asking process, all of them end.

(The standard library's fork server keeps its parent's environment, with all secrets, in the memory of every fork.)
"""

import importlib.util
import json
import os
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import av  # noqa: F401 - what forks find loaded

GUARD = Path(__file__).with_name("guard.py")
REQUEST_BYTES = 128 * 1024
DESCRIPTORS = 4  # three, and the listener's where the source is a remote one
FAILED = 1


class Host:
    """Starts forks, tells how they ended, and ends those that nobody waits for any more."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._guard = _load(GUARD)
        self._scripts: dict[str, Any] = {}
        self._poll = select.poll()
        self._poll.register(requests, select.POLLIN)
        # By their number: lines, and the process ids of their forks.
        self._lines: dict[int, tuple[socket.socket, int]] = {}
        self._ends: dict[int, int] = {}  # by the descriptor that tells of a fork's end: its line's number

    def serve(self) -> None:
        """Do what is asked for until nobody can ask any more."""
        requests = self._requests.fileno()
        while True:
            ready = {descriptor for descriptor, _ in self._poll.poll()}
            # Ends before lines, which close them; requests at last: their descriptors may get the numbers of closed ones.
            for descriptor in ready & self._ends.keys():
                self._tell_end(descriptor)
            for descriptor in ready & self._lines.keys():
                self._hang_up(descriptor)
            if requests in ready and not self._take_request():
                return

    def _take_request(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._requests, REQUEST_BYTES, DESCRIPTORS)
        if not message:
            return False
        asked = json.loads(message)
        output, errors, line, *served = descriptors
        if asked["script"] not in self._scripts:
            self._scripts[asked["script"]] = _load(Path(asked["script"]))
        limits = {**asked["limits"], "parent_pid": os.getpid()}
        if served:
            limits["serve"] = {**limits["serve"], "descriptor": served[0]}
        try:
            pid = os.fork()
        except OSError:  # no memory, or too many processes: whoever asked sees the line go dead
            pid = -1
        if pid == 0:
            self._run(asked, limits, output, errors, served)
        for descriptor in (output, errors, *served, *([line] if pid < 0 else [])):
            os.close(descriptor)
        if pid < 0:
            return True
        end = os.pidfd_open(pid)
        self._lines[line] = (socket.socket(fileno=line), pid)
        self._ends[end] = line
        self._poll.register(line, select.POLLIN)
        self._poll.register(end, select.POLLIN)
        return True

    def _run(
        self, asked: dict[str, Any], limits: dict[str, Any], output: int, errors: int, served: list[int]
    ) -> NoReturn:
        """Be the script: whatever happens, nothing after it runs in this process."""
        code = FAILED
        try:
            os.setsid()  # a group of its own, which can be ended as one
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(errors, 2)
            kept = max([2, *served])
            for descriptor in range(3, kept):
                if descriptor not in served:
                    with suppress(OSError):
                        os.close(descriptor)
            os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
            self._guard.confine(limits, sys.executable)
            answer = self._scripts[asked["script"]].main(asked["request"])
            sys.stdout.write(json.dumps(answer))
            sys.stdout.flush()
            code = 0
        except BaseException:  # noqa: BLE001 - nothing may go up from here: above is the host's own loop
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)

    def _tell_end(self, end: int) -> None:
        """Say how a fork ended. It is kept: nobody else gets its number while its group may still be ended."""
        line, pid = self._lines[self._ends.pop(end)]
        self._poll.unregister(end)
        os.close(end)
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        status = ended.si_status if ended else FAILED
        code = status if ended and ended.si_code == os.CLD_EXITED else -status  # of a signal
        with suppress(OSError):  # hung up meanwhile: the next event
            line.sendall(code.to_bytes(4, sys.byteorder, signed=True))

    def _hang_up(self, number: int) -> None:
        line, pid = self._lines.pop(number)
        self._poll.unregister(number)
        for end in [end for end, of in self._ends.items() if of == number]:
            self._poll.unregister(end)
            os.close(end)
            del self._ends[end]
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # it may not lead a group yet
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        line.close()  # which tells that nothing is left


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} is no script.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as asked_here:
        Host(asked_here).serve()
