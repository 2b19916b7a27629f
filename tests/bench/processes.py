"""Programs on cores of their own."""
import contextlib
import os
import socket
import subprocess
import time


class Problem(Exception):
    """Why one proxy could not be measured; the others still can."""


@contextlib.contextmanager
def on_core(cpu):
    """What is started within runs on this core alone."""
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)


class Processes:
    """Starts programs, and stops them all at the end."""

    def __init__(self, folder):
        self._folder = folder
        self._running = {}

    def start(self, name, cpu, command):
        log = self._folder / f"{name}.log"
        try:
            with on_core(cpu), open(log, "wb") as output:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        except OSError as error:
            raise Problem(f"{command[0]} cannot be run: {error.strerror}") from error
        self._running[process] = log
        return process

    def start_listening(self, name, cpu, command, *addresses):
        """Returns the process once it accepts connections on each (host, port)."""
        process = self.start(name, cpu, command)
        deadline = time.monotonic() + 10
        for address in addresses:
            while not accepts(address):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Problem(f"does not listen on {address[0]}:{address[1]}: {self.last_words(process)}")
                time.sleep(0.01)
        return process

    def last_words(self, process):
        text = self._running[process].read_text(encoding="utf-8", errors="replace")
        return " ".join(text[-500:].split()) or "said nothing"

    def stop(self, *processes):
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            del self._running[process]

    def stop_all(self):
        self.stop(*list(self._running))


def accepts(address):
    try:
        socket.create_connection(address, 1).close()
        return True
    except OSError:
        return False
