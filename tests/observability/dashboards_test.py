"""The chart's dashboards: as the generator writes them, and as Grafana and its readers need them."""
import itertools
import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "charts/outrigger/dashboards"
sys.path.insert(0, str(ROOT / "dashboards"))

import generate  # noqa: E402

KINDS = {"timeseries", "stat", "table", "heatmap", "state-timeline"}
PROVIDED_BY_GRAFANA = {"__rate_interval", "__value", "__url_time_range", "__all"}


def overlap(a, b):
    return all(a[at] < b[at] + b[size] and b[at] < a[at] + a[size] for at, size in (("x", "w"), ("y", "h")))


class Dashboards(unittest.TestCase):
    def setUp(self):
        self.dashboards = {path.name: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.iterdir())}

    def panels(self):
        for name, dashboard in self.dashboards.items():
            for panel in dashboard["panels"]:
                if panel["type"] != "row":
                    yield f"{name}: {panel['title']}", panel

    def test_are_what_the_generator_writes(self):
        written = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
        self.assertEqual(written, generate.texts(), "run dashboards/generate.py")

    def test_have_a_uid_and_a_title_of_their_own(self):
        for key in ("uid", "title"):
            self.assertEqual(len({dashboard[key] for dashboard in self.dashboards.values()}), 3)

    def test_lead_to_each_other(self):
        for name, dashboard in self.dashboards.items():
            with self.subTest(name):
                self.assertNotIn("id", dashboard, "is the database's")
                self.assertLessEqual(set(dashboard["links"][0]["tags"]), set(dashboard["tags"]))
        uids = {dashboard["uid"] for dashboard in self.dashboards.values()}
        linked = set(re.findall(r'"/d/([a-z-]+)', json.dumps(self.dashboards)))
        self.assertTrue(linked)
        self.assertLessEqual(linked, uids)

    def test_panels_have_numbers_and_places_of_their_own(self):
        for name, dashboard in self.dashboards.items():
            with self.subTest(name):
                panels = dashboard["panels"]
                self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
                for a, b in itertools.combinations(panels, 2):
                    self.assertFalse(overlap(a["gridPos"], b["gridPos"]), f"{a['title']}, {b['title']}")
                for panel in panels:
                    self.assertLessEqual(panel["gridPos"]["x"] + panel["gridPos"]["w"], 24, panel["title"])

    def test_panels_say_what_they_show(self):
        for where, panel in self.panels():
            with self.subTest(where):
                self.assertIn(panel["type"], KINDS)
                self.assertTrue(panel["description"].endswith("."))
                self.assertIn("${datasource}", panel["datasource"]["uid"])
                references = [target["refId"] for target in panel["targets"]]
                self.assertEqual(len(set(references)), len(references))
                for target in panel["targets"]:
                    self.assertEqual(target["datasource"], panel["datasource"])
                    if len(panel["targets"]) > 1 and panel["type"] == "timeseries":
                        self.assertNotEqual(target["legendFormat"], "__auto")

    def test_numbers_have_units(self):
        for where, panel in self.panels():
            with self.subTest(where):
                shown = json.dumps([panel["fieldConfig"], panel["options"]])
                self.assertTrue('"unit"' in shown or panel["type"] == "state-timeline")

    def test_know_the_variables_that_they_use(self):
        for name, dashboard in self.dashboards.items():
            with self.subTest(name):
                known = {variable["name"] for variable in dashboard["templating"]["list"]}
                used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard)))
                self.assertEqual(used - known - PROVIDED_BY_GRAFANA, set())
                self.assertEqual(known - used, set())


if __name__ == "__main__":
    unittest.main()
