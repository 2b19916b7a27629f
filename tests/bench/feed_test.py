"""What the bench of the feed makes of figures."""
import copy
import unittest

import feed


def told(p99_ms=20.0, unseen=0):
    """As the load says it after ten seconds of 100 changes a second."""
    propagation = {"changes": 1000, "interested": 5.0, "unseen": unseen,
                   "removals": {"seen": 2500, "p50_ms": 1.0, "p99_ms": p99_ms, "max_ms": 30.0},
                   "additions": {"seen": 2500, "p50_ms": 2.0, "p99_ms": 40.0, "max_ms": 50.0}}
    return {"propagation": propagation, "seconds": 10.0, "lines": 5000, "bytes_in": 750_000, "bytes_out": 400_000,
            "losses": 0, "misfits": 0, "cpu_seconds": 0.5}


def results(**changed):
    """All as promised, but for `changed`."""
    figures = {"rss_mib": 60.0, "p99_ms": 20.0, "unseen": 0, "differing": 0, "kib_a_stream": 30.0, "restart_s": 20.0,
               "answered": 10_000, "rss_after_mib": 310.0, **changed}
    row = feed.row(100, told(figures["p99_ms"], figures["unseen"]), 0.6,
                   {"rss": figures["rss_mib"] * 1024, "peak": 70 * 1024, "pss": 55 * 1024})
    return {"size": dict(feed.PROMISED_SIZE), "changes": {"rows": [row], "differing": figures["differing"]},
            "streams": {"subscribers": 10_000, "answered": figures["answered"], "differing": figures["differing"],
                        "kib_a_stream": figures["kib_a_stream"], "restart_s": figures["restart_s"], "rss_mib": 300.0,
                        "rss_after_mib": figures["rss_after_mib"]}}


class Feed(unittest.TestCase):
    def test_a_row(self):
        row = results()["changes"]["rows"][0]
        self.assertAlmostEqual(row["operator_cores"], 0.06)
        self.assertAlmostEqual(row["bytes_per_change"], 750)
        self.assertAlmostEqual(row["bytes_per_line"], 150)
        self.assertEqual(feed.written_row(row, 1000).split(" | ")[1:4],
                         ["5.0", "1.0 / 20.0 / 30.0", "2.0 / 40.0 / 50.0"])

    def test_what_is_as_promised_is_no_problem(self):
        self.assertEqual(feed.problems(results()), [])

    def test_each_broken_promise_is_a_problem(self):
        for changed in ({"p99_ms": 100.0}, {"p99_ms": None}, {"rss_mib": 150.0}, {"unseen": 1}, {"kib_a_stream": 40.0},
                        {"restart_s": 60.0}, {"answered": 9_999}, {"rss_after_mib": 331.0}):
            self.assertEqual(len(feed.problems(results(**changed))), 1, changed)
        self.assertEqual(len(feed.problems(results(differing=1))), 2)

    def test_other_sizes_have_no_promised_latency(self):
        other = copy.deepcopy(results(p99_ms=500.0))
        other["size"]["subscribers"] = 5000
        self.assertEqual(feed.problems(other), [])


if __name__ == "__main__":
    unittest.main()
