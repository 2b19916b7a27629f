"""What is told of the tail cases. Pure, as report.py."""
import math

from report import BALANCERS, FIGURES, LATENCIES, PASSIVE, is_own, median


def with_best(rows, rounds):
    """The summary `rows`, in which the sidecar also has, of each latency, its ratio to the best peer's of the round.
    None stands for infinity."""
    ratios = {figure: list(_ratios(rounds, figure)) for figure in LATENCIES}
    if not all(ratios.values()):
        return rows
    of_best = {figure: {bound: None if value == math.inf else value for bound, value in
                        {"min": min(values), "median": median(values), "max": max(values)}.items()}
               for figure, values in ratios.items()}
    return {**rows, "sidecar": {**rows["sidecar"], "of_best": of_best}}


def _ratios(rounds, figure):
    """Infinite where the sidecar has no such latency, 0 where it is the only one that has."""
    for row in rounds:
        peers = [figures[figure] for peer, figures in row.items() if not is_own(peer)]
        if "sidecar" not in row or not peers:
            continue
        own, best = row["sidecar"][figure], min((value for value in peers if value is not None), default=None)
        yield math.inf if own is None else 0.0 if best is None else own / best


def best_lines(rows):
    """Below a case's table."""
    for figure, bounds in rows.get("sidecar", {}).get("of_best", {}).items():
        yield (f"the sidecar's {FIGURES[figure][0].removesuffix(' µs')} against the best peer of each round: "
               f"{_bounds(bounds)}")


def overview(titles, summaries):
    """All tail cases as lines of Markdown, for the README. `titles`: name of a case → what it is."""
    yield "| p99 / p99.9, ms | " + " | ".join(BALANCERS.values()) + " | sidecar's p99, p99.9 against the best peer |"
    yield "|---" * (2 + len(BALANCERS)) + "|"
    for case, title in titles.items():
        rows = summaries.get(case, {})
        if "sidecar" not in rows:
            continue
        best = rows["sidecar"].get("of_best", {})
        yield f"| {title} | " + " | ".join(_cell(rows.get(peer)) for peer in BALANCERS) + " | " + (
            f"{_bounds(best['p99_us'])}, {_bounds(best['p999_us'])}" if best else "–") + " |"
        if any(peer.endswith(PASSIVE) for peer in rows):
            yield "| The same, with the peers' passive health | " + " | ".join(
                _cell(rows.get(peer if peer == "sidecar" else peer + PASSIVE)) for peer in BALANCERS) + " | |"


def _cell(row):
    if row is None:
        return "–"
    medians = row["medians"]
    latencies = " / ".join("–" if medians[figure] is None else f"{medians[figure] / 1e3:.1f}"
                           for figure in ("p99_us", "p999_us"))
    failed = medians["failed_percent"]
    return latencies + (f" ({failed:.2g} % failed)" if failed else "")


def _bounds(bounds):
    low, middle, high = ("∞" if bounds[bound] is None else f"{bounds[bound]:.2f}" for bound in ("min", "median", "max"))
    return f"{middle} ({low}–{high})"
