"""What the bench of picks makes of figures."""
import unittest

import picks


def measured(pick_ns, change_ns=5e6):
    """As Google Benchmark writes it; `pick_ns` by number of endpoints, each with a second run that was disturbed."""
    runs = []
    for size, ns in zip(picks.SIZES, pick_ns):
        for disturbed in (3, 1):
            runs.append({"run_name": f"pick, equal weights/random/{size}", "cpu_time": ns * disturbed})
        runs.append({"run_name": f"one leaves or joins/random/{size}", "cpu_time": change_ns})
    return {"benchmarks": runs}


class Picks(unittest.TestCase):
    def test_the_least_of_all_runs_counts(self):
        table = picks.least_ns(measured((50, 60, 70, 90)))
        self.assertEqual(table["pick, equal weights"]["random"], {10: 50, 100: 60, 1000: 70, 10000: 90})
        self.assertEqual(picks.problems(table), [])

    def test_a_slow_pick_is_a_problem_and_a_slow_change_is_none(self):
        found = picks.problems(picks.least_ns(measured((500, 600, 700, 1100))))
        self.assertEqual(len(found), 1)
        self.assertIn("1100 ns", found[0])

    def test_growth_faster_than_the_logarithm_is_a_problem(self):
        found = picks.problems(picks.least_ns(measured((30, 60, 120, 400))))
        self.assertEqual(len(found), 1)
        self.assertIn("13.3 times", found[0])

    def test_units(self):
        self.assertEqual([picks.written(ns) for ns in (0.4, 87.6, 1234, 45678, 2.5e7)],
                         ["0 ns", "88 ns", "1.2 µs", "46 µs", "25 ms"])


if __name__ == "__main__":
    unittest.main()
