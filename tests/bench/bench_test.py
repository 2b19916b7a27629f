"""What the bench makes of figures: the load generators' answers read, rounds summed up, targets judged."""
import unittest

import cases
import loads
import peers
import report
from cases import Target
from processes import Problem

WRK = """Running 3s test @ http://127.0.0.1:8001/100
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.78ms  390.85us   9.29ms   94.87%
    Req/Sec    36.02k     2.10k   38.60k    90.32%
  111098 requests in 3.10s, 17.91MB read
Requests/sec:  35838.11
Transfer/sec:      5.78MB
"""
H2LOAD = """starting benchmark...
finished in 3.01s, 140821.33 req/s, 18.13MB/s
requests: 422464 total, 422976 started, 422464 done, 422464 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 422464 2xx, 0 3xx, 0 4xx, 0 5xx
"""
OPEN_LOOP = '{"answered": 6012, "failed": 0, "p50_us": 95.1, "p99_us": 410.0, "p999_us": 1500.5}\n'


class Loads(unittest.TestCase):
    def test_wrk(self):
        self.assertEqual(loads.read_wrk(WRK), {"requests": 111098, "requests_per_second": 35838.11})

    def test_h2load(self):
        self.assertEqual(loads.read_h2load(H2LOAD), {"requests": 422464, "requests_per_second": 140821.33})

    def test_open_loop(self):
        self.assertEqual(loads.read_open_loop(OPEN_LOOP),
                         {"requests": 6012, "p50_us": 95.1, "p99_us": 410.0, "p999_us": 1500.5})

    def test_one_request_gone_wrong_is_a_problem(self):
        for read, text, what in [
                (loads.read_wrk, WRK + "  Socket errors: connect 0, read 1, write 0, timeout 0\n", "read 1"),
                (loads.read_wrk, WRK + "  Non-2xx or 3xx responses: 7\n", "responses: 7"),
                (loads.read_wrk, WRK.replace("111098", "0"), "not one request"),
                (loads.read_h2load, H2LOAD.replace("0 failed", "3 failed"), "3 failed"),
                (loads.read_h2load, H2LOAD.replace("0 timeout", "1 timeout"), "1 timeout"),
                (loads.read_h2load, H2LOAD.replace("422464 succeeded", "0 succeeded"), "0 succeeded"),
                (loads.read_h2load, "could not connect\n", "could not connect"),
                (loads.read_open_loop, OPEN_LOOP.replace('"failed": 0', '"failed": 2'), "2 of 6014"),
                (loads.read_open_loop, OPEN_LOOP.replace("6012", "0"), "0 of 0")]:
            with self.subTest(what), self.assertRaisesRegex(Problem, what):
                read(text)

    def test_only_grpc_posts(self):
        post = loads.h2load(cases.CASES["grpc"], "127.0.0.1:8001", 3, "frame")
        self.assertIn("content-type: application/grpc", post)
        self.assertEqual(post[post.index("-d") + 1], "frame")
        self.assertNotIn("-d", loads.h2load(cases.CASES["http2"], "127.0.0.1:8001", 3, "frame"))

    def test_a_grpc_frame_begins_with_its_length(self):
        self.assertEqual(peers.grpc_frame(b"hello"), b"\0\0\0\0\5hello")


def cpu(**peers):
    return {peer: {"cpu_us": value} for peer, value in peers.items()}


class Summary(unittest.TestCase):
    def test_ratios_are_of_one_round(self):
        rows = report.summary([cpu(sidecar=10, nginx=20), cpu(sidecar=30, nginx=40), cpu(sidecar=9, nginx=10)], {})
        self.assertEqual(rows["sidecar"], {"medians": {"cpu_us": 10}})
        self.assertEqual(rows["nginx"]["medians"], {"cpu_us": 20})
        self.assertEqual(rows["nginx"]["cpu_ratio"], {"min": 0.5, "median": 0.75, "max": 0.9})

    def test_a_round_may_lack_a_peer(self):
        rows = report.summary([cpu(nginx=20), cpu(sidecar=30, nginx=40), cpu(sidecar=10)], {})
        self.assertEqual(rows["nginx"]["cpu_ratio"], {"min": 0.75, "median": 0.75, "max": 0.75})
        self.assertEqual(rows["nginx"]["medians"], {"cpu_us": 30})

    def test_without_the_sidecar_there_is_no_ratio(self):
        self.assertEqual(report.summary([cpu(nginx=20)], {}), {"nginx": {"medians": {"cpu_us": 20}}})
        self.assertEqual(report.summary([], {}), {})

    def test_what_is_measured_once_stands_beside_the_medians(self):
        rows = report.summary([cpu(sidecar=10)], {"sidecar": {"system_calls": 4.0}, "nginx": {"system_calls": 5.0}})
        self.assertEqual(rows, {"sidecar": {"medians": {"cpu_us": 10, "system_calls": 4.0}}})

    def test_system_calls_are_those_of_one_more_request(self):
        self.assertEqual(report.slope((1000, 4500), (3000, 12700)), 4.1)

    def test_added_latency_is_beyond_the_direct_one(self):
        row = {"sidecar": {"p50_us": 190, "p99_us": 500, "p999_us": 900},
               "direct": {"p50_us": 90, "p99_us": 200, "p999_us": 1000}}
        added = report.with_added(row, "direct")
        self.assertEqual(added["sidecar"], {**row["sidecar"], "added_p50_us": 100, "added_p99_us": 300,
                                            "added_p999_us": -100})
        self.assertEqual(added["direct"], row["direct"])
        self.assertEqual(report.with_added({"sidecar": row["sidecar"]}, "direct"), {"sidecar": row["sidecar"]})


class Targets(unittest.TestCase):
    def judged(self, target, rows, reached, text):
        self.assertEqual(report.judge(target, rows), report.Verdict(reached, text))

    def test_against_a_peer_the_median_ratio_counts(self):
        target = Target("http1_100", "cpu_us", 0.92, "nginx")
        rows = report.summary([cpu(sidecar=10, nginx=20), cpu(sidecar=46, nginx=50), cpu(sidecar=10, nginx=10)], {})
        self.judged(target, rows, True, "CPU µs ≤ 0.92 × nginx: 0.92")
        rows["nginx"]["cpu_ratio"]["median"] = 0.921
        self.judged(target, rows, False, "CPU µs ≤ 0.92 × nginx: 0.92")
        self.judged(target, report.summary([cpu(nginx=20)], {}), None, "CPU µs ≤ 0.92 × nginx: –")

    def test_a_bound(self):
        target = Target("start", "start_ms", 8)
        self.judged(target, {"sidecar": {"medians": {"start_ms": 8}}}, True, "ms ≤ 8: 8.0")
        self.judged(target, {"sidecar": {"medians": {"start_ms": 8.1}}}, False, "ms ≤ 8: 8.1")
        self.judged(target, {}, None, "ms ≤ 8: –")

    def test_the_lowest_of_all(self):
        target = Target("rate_2k", "added_p99_us")
        rows = {peer: {"medians": {"added_p99_us": value}} for peer, value in
                {"sidecar": 300, "nginx": 400, "haproxy": 350}.items()}
        rows["direct"] = {"medians": {"p99_us": 100}}
        self.judged(target, rows, True, "added p99 µs the lowest of all: 300; HAProxy 350")
        rows["haproxy"]["medians"]["added_p99_us"] = 300
        self.judged(target, rows, False, "added p99 µs the lowest of all: 300; HAProxy 300")
        self.judged(target, {"sidecar": rows["sidecar"]}, None, "added p99 µs the lowest of all: –")

    def test_each_is_of_a_case_and_a_figure_that_exist(self):
        for target in cases.TARGETS:
            self.assertIn(target.case, {**cases.CASES, **cases.TAIL_CASES})
            self.assertIn(target.figure, report.FIGURES)
            self.assertIn(target.peer, [None, cases.BEST, *report.PEERS])
        for case, figure in cases.OTHER_FIGURES:
            self.assertIn(case, cases.CASES)
            self.assertIn(figure, report.FIGURES)

    def test_lines_name_what_was_not_measured(self):
        lines = list(report.target_lines([Target("start", "start_ms", 8)], {}))
        self.assertEqual(lines, ["not measured  start            ms ≤ 8: –"])


class Tables(unittest.TestCase):
    def test_a_case(self):
        rows = report.summary([cpu(sidecar=9, nginx=12)], {"sidecar": {"system_calls": 4.0}})
        heading, own, nginx = report.table(rows)
        self.assertEqual(heading.split(), "CPU µs system calls sidecar's CPU against it: min, median, max".split())
        self.assertEqual(own.split(), ["sidecar", "9.0", "4.00"])
        self.assertEqual(nginx.split(), ["nginx", "12.0", "–", "0.75", "0.75", "0.75"])

    def test_the_overview_has_the_cases_that_were_measured(self):
        figures = {"cpu_us": 9, "user_us": 1, "system_us": 8, "requests_per_second": 42440.0}
        summaries = {"http1_100": report.summary([{"sidecar": figures, "nginx": {**figures, "cpu_us": 12}}], {}),
                     "start": {"sidecar": {"medians": {"start_ms": 6}}}}
        lines = list(report.cpu_overview({"http1_100": "100 B", "http1_1k": "1 KiB", "start": "start"}, summaries))
        self.assertEqual(lines[2:], ["| 100 B | 9.0 (1.0 + 8.0) | 42,440 | – | 0.75 (0.75–0.75) | – |"])

    def test_the_other_overview_too(self):
        summaries = {"start": {"sidecar": {"medians": {"start_ms": 6.04}}, "envoy": {"medians": {"start_ms": 48}}}}
        lines = list(report.other_overview({("memory", "idle_mib"): "MiB", ("start", "start_ms"): "start"}, summaries))
        self.assertEqual(lines[2:], ["| start | 6.0 | – | – | 48.0 |"])


class Cases(unittest.TestCase):
    def test_names(self):
        self.assertEqual(cases.named("all"), list(cases.CASES))
        self.assertEqual(cases.named("http1"), ["http1_100", "http1_1k", "http1_64k", "http1_1m", "http1_close"])
        self.assertEqual(cases.named("grpc"), ["grpc"])


if __name__ == "__main__":
    unittest.main()
