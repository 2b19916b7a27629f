"""From the rounds of a case to what is told of them. Pure: values in, values and text out."""
import dataclasses
import math
import statistics

from cases import BEST

PEERS = {"sidecar": "sidecar", "haproxy": "HAProxy", "nginx": "nginx", "envoy": "Envoy"}
# Of the tail cases.
BALANCERS = {"sidecar": "sidecar", "haproxy_leastconn": "HAProxy leastconn", "haproxy_random": "HAProxy random(2)",
             "nginx_least_conn": "nginx least_conn", "envoy_least_request": "Envoy LEAST_REQUEST",
             "envoy_full_scan": "Envoy full scan"}
PASSIVE = "+passive"    # ends the name of a peer whose passive health is on
# A figure: its heading, and how it is written.
FIGURES = {
    "cpu_us": ("CPU µs", ".1f"),
    "user_us": ("user", ".1f"),
    "system_us": ("system", ".1f"),
    "requests_per_second": ("requests/s", ",.0f"),
    "system_calls": ("system calls", ".2f"),
    "p50_us": ("p50 µs", ".0f"),
    "p99_us": ("p99 µs", ".0f"),
    "p999_us": ("p99.9 µs", ".0f"),
    "added_p50_us": ("added p50 µs", ".0f"),
    "added_p99_us": ("added p99 µs", ".0f"),
    "added_p999_us": ("added p99.9 µs", ".0f"),
    "idle_mib": ("MiB idle", ".1f"),
    "mib_with_1000": ("MiB with 1,000", ".1f"),
    "mib_with_10000": ("MiB with 10,000", ".1f"),
    "start_ms": ("ms", ".1f"),
    "failed_percent": ("failed %", ".3f"),
    "good_p99_us": ("good p99 µs", ".0f"),
    "proxy_core_percent": ("proxy core %", ".0f"),
    "load_core_percent": ("load core %", ".0f"),
}
LATENCIES = ("p50_us", "p99_us", "p999_us")


def with_added(row, direct):
    """A round in which each peer also has what it added to the latencies of `direct`, the load without a proxy."""
    if direct not in row:
        return row
    return {peer: figures if peer == direct else
            {**figures, **{f"added_{key}": figures[key] - row[direct][key] for key in LATENCIES}}
            for peer, figures in row.items()}


def is_own(peer):
    """The sidecar, with whatever policy."""
    return peer.startswith("sidecar")


def name_of(peer):
    plain = peer.removesuffix(PASSIVE)
    return {**PEERS, **BALANCERS}.get(plain, plain) + (", passive health" if plain != peer else "")


def summary(rounds, once):
    """Of each peer the medians, with the figures in `once`, and how the sidecar's CPU compares with it within rounds.
    A round may lack peers."""
    rows = {}
    for peer in dict.fromkeys(peer for row in rounds for peer in row):
        having = [row for row in rounds if peer in row]
        keys = having[0][peer]
        rows[peer] = {"medians": {key: median(row[peer][key] for row in having) for key in keys}}
        rows[peer]["medians"].update(once.get(peer, {}))
        ratios = [row["sidecar"]["cpu_us"] / row[peer]["cpu_us"]
                  for row in having if "sidecar" in row and row[peer].get("cpu_us")]
        if ratios and peer != "sidecar":
            rows[peer]["cpu_ratio"] = {"min": min(ratios), "median": statistics.median(ratios), "max": max(ratios)}
    return rows


def median(values):
    """None, a latency beyond all others, counts as such."""
    middle = statistics.median(_beyond_all(value) for value in values)
    return None if middle == math.inf else middle


def _beyond_all(value):
    return math.inf if value is None else value


def slope(some, more):
    """Of two points (requests, system calls), what one more request costs: without what connecting the clients did."""
    return (more[1] - some[1]) / (more[0] - some[0])


def written(figure, value):
    return "–" if value is None else format(value, FIGURES[figure][1])


def table(rows):
    """One case's lines."""
    figures = [figure for figure in FIGURES if any(figure in row["medians"] for row in rows.values())]
    compared = any("cpu_ratio" in row for row in rows.values())
    width = max([10, *(len(name_of(peer)) for peer in rows)])
    yield " " * width + "".join(f"{FIGURES[figure][0]:>16}" for figure in figures) + (
        "   sidecar's CPU against it: min, median, max" if compared else "")
    for peer, row in rows.items():
        ratio = row.get("cpu_ratio")
        yield f"{name_of(peer):{width}}" + "".join(
            f"{written(figure, row['medians'].get(figure)):>16}" for figure in figures) + (
            f"   {ratio['min']:.2f}  {ratio['median']:.2f}  {ratio['max']:.2f}" if ratio else "")


@dataclasses.dataclass
class Verdict:
    reached: bool | None    # None: not measured
    text: str


def judge(target, rows):
    """`rows`: the summary of the target's case, empty if it was not measured."""
    name = FIGURES[target.figure][0]
    if target.peer == BEST:
        wanted = f"{name} ≤ {target.most:.2f} × the best peer's"
        ratios = rows.get("sidecar", {}).get("of_best")
        if ratios is None:
            return _compared(wanted, None, None, "{:.2f}")
        ratio = ratios[target.figure]["median"]
        return _compared(wanted, ratio, ratio is not None and ratio <= target.most, "{:.2f}")
    if target.peer:
        ratio = rows.get(target.peer, {}).get("cpu_ratio", {}).get("median")
        wanted = f"{name} ≤ {target.most:.2f} × {PEERS[target.peer]}"
        return _compared(wanted, ratio, None if ratio is None else ratio <= target.most, "{:.2f}")
    values = {peer: _beyond_all(row["medians"][target.figure]) for peer, row in rows.items()
              if target.figure in row["medians"]}
    own = values.get("sidecar")
    values = {peer: value for peer, value in values.items() if not is_own(peer)}
    form = "{:" + FIGURES[target.figure][1] + "}"
    if target.most is not None:
        reached = None if own is None else own <= target.most
        return _compared(f"{name} ≤ {target.most:g}", own, reached, form)
    if own is None or not values:
        return _compared(f"{name} the lowest of all", None, None, form)
    best = min(values, key=values.get)
    # Failures are few enough to be as many; often they are none.
    reached = own < values[best] or own == values[best] and target.figure == "failed_percent"
    verdict = _compared(f"{name} the lowest of all", own, reached, form)
    return dataclasses.replace(verdict, text=f"{verdict.text}; {name_of(best)} {_text(values[best], form)}")


def _compared(wanted, value, reached, form):
    return Verdict(reached, f"{wanted}: {_text(value, form)}")


def _text(value, form):
    return "–" if value in (None, math.inf) else form.format(value)


def target_lines(targets, summaries):
    """`summaries`: name of a case → its summary."""
    for target in targets:
        verdict = judge(target, summaries.get(target.case, {}))
        word = {True: "reached", False: "not reached", None: "not measured"}[verdict.reached]
        yield f"{word:14}{target.case:17}{verdict.text}"


def cpu_overview(titles, summaries):
    """All cases with CPU figures as lines of Markdown, for the README. `titles`: name of a case → what it is."""
    others = [peer for peer in PEERS if peer != "sidecar"]
    yield ("| | sidecar: CPU µs a request (user + system) | requests/s | sidecar's CPU against "
           + " | against ".join(PEERS[peer] for peer in others) + " |")
    yield "|---" * (3 + len(others)) + "|"
    for case, title in titles.items():
        rows = summaries.get(case, {})
        own = rows.get("sidecar", {}).get("medians", {})
        if "cpu_us" not in own:
            continue
        ratios = (rows.get(peer, {}).get("cpu_ratio") for peer in others)
        yield (f"| {title} | {own['cpu_us']:.1f} ({own['user_us']:.1f} + {own['system_us']:.1f}) | "
               f"{written('requests_per_second', own.get('requests_per_second'))} | "
               + " | ".join("–" if ratio is None else f"{ratio['median']:.2f} ({ratio['min']:.2f}–{ratio['max']:.2f})"
                            for ratio in ratios) + " |")


def other_overview(names, summaries):
    """What else there is, as such lines. `names`: (a case, a figure of it) → what it is."""
    yield "| | " + " | ".join(PEERS.values()) + " |"
    yield "|---" * (1 + len(PEERS)) + "|"
    for (case, figure), name in names.items():
        medians = [summaries.get(case, {}).get(peer, {}).get("medians", {}).get(figure) for peer in PEERS]
        if any(median is not None for median in medians):
            yield f"| {name} | " + " | ".join(written(figure, median) for median in medians) + " |"
