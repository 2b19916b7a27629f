"""The load generators, each run once: its command line, and its answer as numbers. Raises Problem if a single request
went wrong."""
import json
import re
import subprocess

from processes import Problem, on_core

def wrk(case, address, seconds):
    close = ["-H", "Connection: close"] if case.close else []
    return ["wrk", "-t1", f"-c{case.connections}", f"-d{seconds}s", "--timeout", "5s", *close,
            f"http://{address}{case.path}"]


def h2load(case, address, seconds, frame):
    """`frame`: the file that a gRPC request posts."""
    post = ["-d", str(frame), "-H", "content-type: application/grpc", "-H", "te: trailers"]
    return ["h2load", "-t1", f"-c{case.connections}", "-m32", f"-D{seconds}",
            *(post if case.upstream == "grpc" else []), f"http://{address}{case.path}"]


def open_loop(programs, path, addresses, rate, seconds, seed, warm_up=0):
    return [str(programs / "outrigger-test-open-loop"), ",".join(addresses), path, str(rate), str(seconds), str(seed),
            str(warm_up)]


def read_wrk(text):
    if "Socket errors" in text or "Non-2xx" in text:
        raise Problem("wrk: " + "; ".join(re.findall(r"(?:Socket errors|Non-2xx).*", text)))
    requests = re.search(r"(\d+) requests in", text)
    if not requests or int(requests.group(1)) == 0:
        raise Problem("wrk: not one request was answered")
    return {"requests": int(requests.group(1)),
            "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))}


def read_h2load(text):
    counts = re.search(r"requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text)
    if not counts:
        raise Problem("h2load: " + " ".join(text.split())[-300:])
    succeeded, *others = (int(count) for count in counts.groups())
    if any(others) or succeeded == 0:
        raise Problem("h2load: " + counts.group(0))
    return {"requests": succeeded,
            "requests_per_second": float(re.search(r"finished in .*, ([\d.]+) req/s", text).group(1))}


def read_open_loop(text):
    answer = json.loads(text)
    if answer["failed"] > 0 or answer["answered"] == 0:
        raise Problem(f"open loop: {answer['failed']} of {answer['failed'] + answer['answered']} requests failed")
    return {"requests": answer["answered"], **{key: answer[key] for key in ("p50_us", "p99_us", "p999_us")}}


def read_tail(text):
    """Here failed requests are figures: a percentile that falls among them is None, beyond all others."""
    answer = json.loads(text)
    if answer["answered"] == 0:
        raise Problem(f"open loop: all of {answer['failed']} requests failed")
    requests = answer["answered"] + answer["failed"]
    return {"requests": requests, "failed_percent": answer["failed"] / requests * 100,
            **{key: answer[key] for key in ("p50_us", "p99_us", "p999_us", "good_p99_us")}}


READERS = {"wrk": read_wrk, "h2load": read_h2load, "open_loop": read_open_loop, "tail": read_tail}


def run(method, command, cpu, seconds):
    with on_core(cpu):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
        except subprocess.TimeoutExpired as error:
            raise Problem(f"{command[0]} does not end") from error
    if done.returncode != 0:
        raise Problem(f"{command[0]}: {' '.join(done.stderr.split())[-300:]}")
    return READERS[method](done.stdout)
