"""Draws what the cases of tail latency came to: bench-tail.svg and bench-tail-dark.svg, as picture.py does."""
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from picture import finish, number, save
from report import BALANCERS, PASSIVE

# A group of bars: its case, what ends the names of its peers, its name on the axis.
GROUPS = [
    ("tail_slow", "", "one of four\n10 times slower"),
    ("tail_eight_slow", "", "the same, load shared\nby eight proxies"),
    ("tail_heavy", "", "5 % of requests\n20 times longer"),
    ("tail_stall", "", "one at a time\nstalls for 2 s"),
    ("tail_failing", "", "one answers all\nwith a 503"),
    ("tail_failing", PASSIVE, "the same, peers'\npassive health on"),
    ("tail_equal", "", "four equal ones,\n80 % load"),
]
BAR_WIDTH = 0.145
FAMILIES = {"sidecar": "sidecar", "haproxy_leastconn": "haproxy", "haproxy_random": "haproxy",
            "nginx_least_conn": "nginx", "envoy_least_request": "envoy", "envoy_full_scan": "envoy"}
TWO_CHOICES = {"haproxy_random", "envoy_least_request"}


def draw(results, folder):
    """`results`: as bench.py writes them; without a tail case in them nothing is drawn."""
    groups = [(results[case]["summary"], suffix, name) for case, suffix, name in GROUPS if case in results]
    if groups:
        save(folder, "bench-tail", lambda style: _figure(groups, style))


def _figure(groups, style):
    figure = Figure(figsize=(10.4, 3.9))
    axes = figure.add_axes((0.02, 0.115, 0.965, 0.68))
    axes.set_title("p99 of all requests, ms (log scale); lower is better")
    figure.legend(handles=[Patch(label=label, **_look(peer, style)) for peer, label in BALANCERS.items()],
                  loc="upper right", bbox_to_anchor=(0.99, 0.995), ncols=len(BALANCERS), frameon=False, fontsize=8.6,
                  handlelength=1.1, handleheight=1.1, columnspacing=1.2)
    bars = {(place, peer): rows[name]["medians"] for place, (rows, suffix, _) in enumerate(groups)
            for peer in BALANCERS if (name := peer if peer == "sidecar" else peer + suffix) in rows}
    known = [medians["p99_us"] / 1e3 for medians in bars.values() if medians["p99_us"] is not None]
    low, high = min(known, default=1) / 2, max(known, default=1) * 2
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    for (place, peer), medians in bars.items():
        x = place + (list(BALANCERS).index(peer) - (len(BALANCERS) - 1) / 2) * BAR_WIDTH
        if medians["p99_us"] is None:
            axes.text(x, low * 1.15, f"{medians['failed_percent']:.0f} % failed", rotation=90, ha="center", va="bottom",
                      fontsize=7.4, color=style.peers["sidecar"] if peer == "sidecar" else style.text)
            continue
        height = medians["p99_us"] / 1e3
        axes.bar(x, height, BAR_WIDTH * 0.92, linewidth=0, **_look(peer, style))
        number(axes, x, height, f"{height:.0f}" if height >= 10 else f"{height:.1f}", style)
    finish(axes, [name for *_, name in groups])
    return figure


def _look(peer, style):
    """Of two choices: hatched."""
    return {"facecolor": style.peers[FAMILIES[peer]],
            **({"hatch": "/////", "edgecolor": style.background} if peer in TWO_CHOICES else {})}
