"""Every alert has its section in docs/runbooks.md, and every section its alert."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = (ROOT / "charts/outrigger/rules/alerts.yaml").read_text("utf-8")
RUNBOOKS = (ROOT / "docs/runbooks.md").read_text("utf-8")
PARTS = ("**Means.**", "**Users feel**", "**Look.**", "**Do.**", "**False when**")


def alerts():
    """Name → what the rules file says of it."""
    pieces = re.split(r"^ *- alert: (\w+)$", RULES, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2]))


def sections():
    """Heading → what stands below it."""
    pieces = re.split(r"^### (\w+)$", RUNBOOKS, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2]))


class Runbooks(unittest.TestCase):
    def test_are_there_for_the_alerts_and_for_nothing_else(self):
        self.assertGreater(len(alerts()), 10)
        self.assertEqual(list(alerts()), list(sections()))

    def test_are_where_the_alert_says(self):
        for name, rule in alerts().items():
            with self.subTest(name):
                self.assertRegex(rule, rf"\n +runbook_url: RUNBOOK_BASE#{name.lower()}\n")

    def test_have_all_their_parts_in_order(self):
        for name, text in sections().items():
            with self.subTest(name):
                places = [text.find(part) for part in PARTS]
                self.assertNotIn(-1, places)
                self.assertEqual(places, sorted(places))

    def test_say_how_urgent_it_is(self):
        for name, rule in alerts().items():
            with self.subTest(name):
                severity = re.search(r"\n +severity: (warning|critical)\n", rule).group(1)
                self.assertTrue(sections()[name].startswith(f"\n*{severity}*\n"))

    def test_lead_to_sections_that_are_there(self):
        anchors = {name.lower() for name in sections()}
        self.assertLessEqual(set(re.findall(r"\]\(#(\w+)\)", RUNBOOKS)), anchors)


if __name__ == "__main__":
    unittest.main()
