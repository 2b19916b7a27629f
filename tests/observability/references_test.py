"""docs/metrics.md has every metric of the programs, and docs/annotations.md every annotation; neither has another."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A label, which stands in docs/injection.md.
LABELS = {"inject"}


def read(path):
    return (ROOT / path).read_text("utf-8")


def rows(document):
    """The cells of its tables' lines."""
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in read(document).splitlines() if line.startswith("| ")]


def named(text):
    return set(re.findall(r"`([\w-]+)(?:\{[\w,]+\})?`", text))


class References(unittest.TestCase):
    def test_of_metrics(self):
        name = re.compile(r'"((?:outrigger|workqueue|rest_client|leader_election)_\w*[a-z])"')
        sources = [*(ROOT / "src/sidecar").glob("*.cc"), *(ROOT / "src/operator").glob("*.cc")]
        exported = {found for source in sources for found in name.findall(source.read_text("utf-8"))}
        self.assertGreater(len(exported), 30)
        described = {found for cells in rows("docs/metrics.md") for found in named(cells[0]) if name.fullmatch(f'"{found}"')}
        self.assertEqual(described, exported)

    def test_of_annotations(self):
        options = set(re.findall(r'option<.+>\("([a-z-]+)"\)', read("src/model/service_options.cc")))
        arrays = re.findall(r"kPodKeys = \{(.+?)\}|kServiceKeys = \{(.+?)\}", read("src/model/annotations.cc"), re.DOTALL)
        self.assertEqual(len(arrays), 2)
        keys = options | set(re.findall(r'"([a-z-]+)"', str(arrays))) - LABELS
        self.assertGreater(len(keys), 30)
        described = {key for cells in rows("docs/annotations.md") if cells[0] in ("Service", "Pod") for key in named(cells[1])}
        self.assertEqual(described, keys)


if __name__ == "__main__":
    unittest.main()
