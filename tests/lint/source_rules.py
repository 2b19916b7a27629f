"""Rules of the source tree that no compiler checks. usage: source_rules.py ROOT

Who may include whom, what a pure room may know, which library stays behind which room, how long a file may be.
Prints one line a violation, FILE:LINE: what is wrong; exit status 1 if there is any.
"""
import pathlib
import re
import sys

EVERYWHERE = {"result"}
# What each room may include beside itself and EVERYWHERE. A folder that is not here is a violation.
ROOMS = {
    "result": set(),
    "lines": set(),
    "log": set(),
    "model": set(),
    "health": {"model"},
    "balance": {"model", "health"},
    "simulate": {"model", "health", "balance"},
    "yaml": {"model"},
    "http": set(),
    "feed": {"model"},
    "identity": set(),
    "metrics": set(),
    "net": {"http", "log"},
    "kube": {"model", "lines", "log"},
    "check": {"model", "health", "balance", "feed", "http", "net", "log"},
    "inject": {"model", "yaml"},
    "operator": {"model", "feed", "identity", "inject", "kube", "net", "metrics", "lines", "log", "yaml"},
    "uplink": {"model", "balance", "feed", "http", "identity", "net", "lines", "log"},
    "sidecar": {"model", "health", "balance", "check", "feed", "uplink", "http", "net", "metrics", "log", "yaml"},
    "init": {"model", "log"},
    "cli": {"model", "health", "inject", "simulate", "yaml", "kube", "identity"},
}
# Values in, values out: a rule of theirs can be tested without a machine, and any run repeated from its seed.
# identity's keys and serial numbers are the exception, drawn by OpenSSL.
PURE = {"model", "health", "balance", "simulate", "http", "feed", "identity", "inject", "lines", "result"}
# <arpa/inet.h> is not among them: it reads and writes addresses as text, nothing else.
IMPURE = [
    (re.compile(r"#include <(sys/|netinet/|netdb\.h|unistd\.h|fcntl\.h|poll\.h)"), "sockets and files"),
    (re.compile(r"#include <(thread|mutex|shared_mutex|condition_variable|future|atomic|stop_token)>"), "threads"),
    (re.compile(r"#include <(fstream|filesystem)>"), "files"),
    (re.compile(r"_clock::now\b|\busing .*_clock;|\bclock_gettime\b|\bstd::time\("), "a clock"),
    (re.compile(r"\brandom_device\b|\bstd::rand\b"), "randomness that is not passed in"),
    (re.compile(r"\bgetenv\b"), "the environment"),
]
# A library and the only place that knows it.
WRAPPED = [
    (re.compile(r"#include <httplib\.h>"), re.compile(r"^src/kube/[a-z_]+\.cc$"), "a .cc of kube/"),
    (re.compile(r"#include <prometheus/"), re.compile(r"^(src|tests)/metrics/"), "metrics/"),
    (
        re.compile(r"#include <nghttp2/"),
        re.compile(r"^src/http/http2_session([a-z_]*\.cc|_impl\.h)$"),
        "http/'s http2_session*.cc and http2_session_impl.h",
    ),
    (re.compile(r"#include <spdlog/"), re.compile(r"^src/log/[a-z_]+\.cc$"), "a .cc of log/"),
    (re.compile(r"#include <nftables/"), re.compile(r"^src/init/nftables\.cc$"), "init/nftables.cc"),
]
NAMES_THAT_SAY_NOTHING = {"common", "util", "utils", "core", "helpers", "misc"}
MAX_LINES = 600
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b")
OWN_INCLUDE = re.compile(r'#include "(\w+)/')
SUFFIXES = {".h", ".cc", ".py", ".sh", ".yaml", ".cmake", ".txt", ""}


def sources(root):
    for top in ("src", "tests", "dashboards", "demo", "dev", ".ci"):
        start = root / top
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.is_file() and path.suffix in SUFFIXES and not {"__pycache__", "corpus"} & set(path.parts):
                yield path


def check_code(name, room, code):
    """What is wrong with this line of C++ of the file `name`, in the room `room` (None outside src/)."""
    for library, home, where in WRAPPED:
        if library.search(code) and not home.search(name):
            yield f"only {where} may know this library"
    if room is None:
        return
    included = OWN_INCLUDE.match(code)
    if included and included.group(1) not in ROOMS[room] | EVERYWHERE | {room}:
        yield f"{room}/ may not include {included.group(1)}/"
    if room in PURE:
        for pattern, what in IMPURE:
            if pattern.search(code):
                yield f"{room}/ is pure and may not know {what}"


def check_file(name, lines):
    parts = name.split("/")
    room = parts[1] if parts[0] == "src" and len(parts) > 2 else None
    if room is not None and room not in ROOMS:
        yield 1, "no such room; tests/lint/source_rules.py lists the rooms and what each may include"
        return
    if NAMES_THAT_SAY_NOTHING & {*parts[:-1], parts[-1].split(".")[0]}:
        yield 1, "a name that says nothing"
    if len(lines) > MAX_LINES:
        yield len(lines), f"longer than {MAX_LINES} lines"
    for number, text in enumerate(lines, 1):
        if UNFINISHED.search(text):
            yield number, "unfinished work belongs into an issue, not into the source"
        if name.endswith((".h", ".cc")):
            # Comments may name what code may not use.
            for problem in check_code(name, room, text.split("//")[0]):
                yield number, problem


def check(root):
    for path in sources(root):
        name = path.relative_to(root).as_posix()
        for number, problem in check_file(name, path.read_text(encoding="utf-8").splitlines()):
            yield f"{name}:{number}: {problem}"


def main():
    violations = list(check(pathlib.Path(sys.argv[1])))
    print("\n".join(violations) or "source rules: nothing to complain about")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
