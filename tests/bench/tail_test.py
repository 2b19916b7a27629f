"""What the bench makes of the tails of latency: loads and configurations, ratios to the best peer, targets."""
import json
import pathlib
import tempfile
import unittest

import cases
import loads
import report
import tail
import tail_report
from cases import BEST, Target
from processes import Problem

LOAD = '{"answered": 900, "failed": 100, "p50_us": 2000.5, "p99_us": null, "p999_us": null, "good_p99_us": 9000.1}\n'


NGINX = "nginx_least_conn"
ENVOY = "envoy_least_request"


def latencies(p99, p999=None, failed=0):
    return {"p50_us": 2000, "p99_us": p99, "p999_us": p999, "failed_percent": failed}


class Loads(unittest.TestCase):
    def test_failures_are_a_figure(self):
        self.assertEqual(loads.read_tail(LOAD), {"requests": 1000, "failed_percent": 10, "p50_us": 2000.5,
                                                 "p99_us": None, "p999_us": None, "good_p99_us": 9000.1})
        with self.assertRaisesRegex(Problem, "all of 100"):
            loads.read_tail(LOAD.replace(": 900,", ": 0,"))

    def test_the_rate_is_a_share_of_what_the_stations_can_do(self):
        self.assertEqual(cases.TAIL_CASES["tail_slow"].rate, 3720)      # 0.6 x 4 x (3 / 2 ms + 1 / 20 ms)
        self.assertEqual(cases.TailCase("", 0.8).rate, 6400)
        self.assertEqual(cases.TailCase("", 0.7, mean_ms=1, long_share=0.05, long_factor=20).rate, 5744)

    def test_a_round_counts_enough_requests_for_its_p999(self):
        for name, case in cases.TAIL_CASES.items():
            self.assertGreaterEqual(case.rate * case.seconds, 10_000, name)


class Configurations(unittest.TestCase):
    def texts(self, case):
        """What each peer is configured with, by its name."""
        texts = {}
        for peer, command in tail.commands(cases.TAIL_CASES[case], pathlib.Path("programs")).items():
            with tempfile.TemporaryDirectory() as folder:
                command("http", "http", 8001, tail.BACKENDS, pathlib.Path(folder))
                files = [path.read_text(encoding="utf-8") for path in pathlib.Path(folder).iterdir()]
            self.assertEqual(len(files), 1)
            texts[peer] = files[0]
            for backend in tail.BACKENDS:
                self.assertIn(backend.split(":")[0], texts[peer])
        return texts

    def test_each_balances_as_its_name_says(self):
        texts = self.texts("tail_slow")
        self.assertEqual(list(texts), list(report.BALANCERS))
        for peer, text in {"haproxy_leastconn": "balance leastconn", "haproxy_random": "balance random(2)",
                           "nginx_least_conn": "upstream web { least_conn; server", "envoy_least_request": "lb_policy: LEAST_REQUEST",
                           "envoy_full_scan": "selection_method: FULL_SCAN"}.items():
            self.assertIn(text, texts[peer])
        self.assertNotIn("policy", texts["sidecar"])
        self.assertNotIn("lb_policy", texts["envoy_full_scan"])

    def test_passive_health_is_on_where_the_name_says_so(self):
        texts = self.texts("tail_failing")
        self.assertEqual([peer for peer in texts if peer.endswith(report.PASSIVE)],
                         ["haproxy_leastconn+passive", "envoy_full_scan+passive"])
        for peer, text in texts.items():
            passive = peer.endswith(report.PASSIVE)
            self.assertEqual("observe layer7" in text, passive and peer.startswith("haproxy"), peer)
            self.assertEqual("outlier_detection" in text, passive and peer.startswith("envoy"), peer)
            self.assertNotIn("max_fails", text)

    def test_stations(self):
        arguments = tail.station_arguments(cases.TAIL_CASES["tail_stall"])
        self.assertTrue({"workers=4", "mean-ms=4", "stall-ms=2000", "period-ms=4000", "quiet-ms=2000"} <=
                        set(arguments))
        self.assertEqual(arguments[-4:], ["127.0.0.11:9001", "127.0.0.12:9001", "127.0.0.13:9001",
                                          "127.0.0.14:9001,slow=1,failing=0"])
        self.assertIn("127.0.0.14:9001,slow=10,failing=0", tail.station_arguments(cases.TAIL_CASES["tail_slow"]))


class Best(unittest.TestCase):
    def test_ratios_are_to_the_best_of_each_round(self):
        rounds = [{"sidecar": latencies(10, 20), NGINX: latencies(40, 50), ENVOY: latencies(20, 80)},
                  {"sidecar": latencies(10, 20), NGINX: latencies(10, 50), ENVOY: latencies(20, 80)},
                  {"sidecar": latencies(30, 20), NGINX: latencies(40, 50), ENVOY: latencies(20, 80)}]
        rows = tail_report.with_best(report.summary(rounds, {}), rounds)
        self.assertEqual(rows["sidecar"]["of_best"]["p99_us"], {"min": 0.5, "median": 1.0, "max": 1.5})
        self.assertEqual(rows["sidecar"]["of_best"]["p999_us"], {"min": 0.4, "median": 0.4, "max": 0.4})
        self.assertNotIn("of_best", rows[NGINX])
        self.assertEqual(list(tail_report.best_lines(rows))[1],
                         "the sidecar's p99 against the best peer of each round: 1.00 (0.50–1.50)")

    def test_what_failed_is_beyond_all(self):
        rounds = [{"sidecar": latencies(None, None), NGINX: latencies(40, None), ENVOY: latencies(None, 9)},
                  {"sidecar": latencies(30, 60), NGINX: latencies(40, None), ENVOY: latencies(60, None)},
                  {"sidecar": latencies(None, 60), NGINX: latencies(40, None), ENVOY: latencies(60, None)}]
        rows = tail_report.with_best(report.summary(rounds, {}), rounds)
        self.assertEqual(rows["sidecar"]["medians"]["p99_us"], None)
        self.assertEqual(rows[ENVOY]["medians"]["p99_us"], 60)
        self.assertEqual(rows["sidecar"]["of_best"]["p99_us"], {"min": 0.75, "median": None, "max": None})
        self.assertEqual(rows["sidecar"]["of_best"]["p999_us"], {"min": 0, "median": 0, "max": None})
        self.assertIn("∞ (0.75–∞)", list(tail_report.best_lines(rows))[1])
        json.dumps(rows, allow_nan=False)

    def test_another_policy_of_the_sidecar_is_no_peer(self):
        rounds = [{"sidecar": latencies(20, 20), NGINX: latencies(40, 40), "sidecar_other": latencies(10, 10)}]
        rows = tail_report.with_best(report.summary(rounds, {}), rounds)
        self.assertEqual(rows["sidecar"]["of_best"]["p99_us"]["median"], 0.5)
        self.assertTrue(report.judge(Target("tail_stall", "p99_us"), rows).reached)

    def test_without_the_sidecar_there_is_none(self):
        rounds = [{NGINX: latencies(40, 50)}]
        self.assertEqual(tail_report.with_best(report.summary(rounds, {}), rounds), report.summary(rounds, {}))
        self.assertEqual(list(tail_report.best_lines({NGINX: {}})), [])


class Targets(unittest.TestCase):
    def judged(self, target, reached, text, **peers):
        rows = tail_report.with_best(report.summary([peers], {}), [peers])
        self.assertEqual(report.judge(target, rows), report.Verdict(reached, text))

    def test_against_the_best_peer(self):
        target = Target("tail_slow", "p99_us", 0.33, BEST)
        self.judged(target, True, "p99 µs ≤ 0.33 × the best peer's: 0.33",
                    sidecar=latencies(33, 33), nginx=latencies(200, 200), envoy=latencies(100, 100))
        self.judged(target, False, "p99 µs ≤ 0.33 × the best peer's: 0.50",
                    sidecar=latencies(50, 50), nginx=latencies(100, 100))
        self.judged(target, False, "p99 µs ≤ 0.33 × the best peer's: –",
                    sidecar=latencies(None, 9), nginx=latencies(100, 100))
        self.judged(target, None, "p99 µs ≤ 0.33 × the best peer's: –", nginx=latencies(100, 100))

    def test_the_lowest_of_all(self):
        target = Target("tail_failing", "p99_us")
        self.judged(target, True, "p99 µs the lowest of all: 30; HAProxy leastconn, passive health 40",
                    **{"sidecar": latencies(30), NGINX: latencies(None), "haproxy_leastconn+passive": latencies(40)})
        self.judged(target, False, "p99 µs the lowest of all: –; nginx 40",
                    sidecar=latencies(None), nginx=latencies(40))
        self.judged(target, False, "p99 µs the lowest of all: –; nginx –",
                    sidecar=latencies(None), nginx=latencies(None))

    def test_as_few_failures_are_the_fewest(self):
        target = Target("tail_stall", "failed_percent")
        self.judged(target, True, "failed % the lowest of all: 0.000; nginx 0.000",
                    sidecar=latencies(30), nginx=latencies(40))
        self.judged(target, False, "failed % the lowest of all: 0.200; nginx 0.100",
                    sidecar=latencies(30, failed=0.2), nginx=latencies(40, failed=0.1))


class Overview(unittest.TestCase):
    def test_a_line_a_case_and_one_for_passive_health(self):
        rounds = [{"sidecar": latencies(10_500, 20_000), NGINX: latencies(42_000, None, failed=0.5),
                   "envoy_full_scan+passive": latencies(21_000, 40_000)}]
        rows = tail_report.with_best(report.summary(rounds, {}), rounds)
        lines = list(tail_report.overview({"tail_failing": "failing", "tail_slow": "slow"}, {"tail_failing": rows}))
        self.assertEqual(lines[2:], [
            "| failing | 10.5 / 20.0 | – | – | 42.0 / – (0.5 % failed) | – | – | 0.50 (0.50–0.50), 0.50 (0.50–0.50) |",
            "| The same, with the peers' passive health | 10.5 / 20.0 | – | – | – | – | 21.0 / 40.0 | |"])


class Names(unittest.TestCase):
    def test_the_tail_is_a_group_of_its_own(self):
        self.assertEqual(cases.named("tail"), list(cases.TAIL_CASES))
        self.assertEqual(cases.named("tail_slow"), ["tail_slow"])
        self.assertFalse(set(cases.named("tail")) & set(cases.named("all")))

    def test_peers(self):
        self.assertEqual(report.name_of("envoy_full_scan"), "Envoy full scan")
        self.assertEqual(report.name_of("haproxy_leastconn+passive"), "HAProxy leastconn, passive health")
        self.assertEqual(report.name_of("direct"), "direct")


if __name__ == "__main__":
    unittest.main()
