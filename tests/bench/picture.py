"""Draws what all cases but those of tail latency came to: bench.svg and bench-dark.svg, for GitHub's light and dark
pages. The same results give the same files."""
import dataclasses

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from report import PEERS

CPU = {
    "http1_100": "HTTP/1.1\n100 B", "http1_1k": "HTTP/1.1\n1 KiB", "http1_64k": "HTTP/1.1\n64 KiB",
    "http1_1m": "HTTP/1.1\n1 MiB", "http1_close": "HTTP/1.1\nconnection\nper request",
    "http2": "HTTP/2\n→ HTTP/2", "http2_http1": "HTTP/2\n→ HTTP/1.1", "grpc": "gRPC\nunary",
    "tcp_100": "TCP\n100 B", "tcp_1m": "TCP\n1 MiB", "rate_2k": "2,000\nrequests/s",
}
# Panels below: a case, its figures with their names on the axis, the title.
PANELS = [
    ("memory", {"idle_mib": "idle", "mib_with_1000": "1,000 idle\nconnections",
                "mib_with_10000": "10,000 idle\nconnections"}, "Resident memory, MiB (log scale)"),
    ("rate_2k", {"added_p50_us": "p50", "added_p99_us": "p99", "added_p999_us": "p99.9"},
     "Latency added at 2,000 requests/s, µs (log scale)"),
    ("start", {"start_ms": "exec to first answer"}, "Start, ms (log scale)"),
]
BAR_WIDTH = 0.215
TALLEST = 4  # times the sidecar's CPU; what is taller is cut, its number says how tall


@dataclasses.dataclass(frozen=True)
class Style:
    background: str
    text: str
    faint: str
    peers: dict


LIGHT = Style("#ffffff", "#1f2328", "#d1d9e0",
              {"sidecar": "#0969da", "haproxy": "#59636e", "nginx": "#95a0ab", "envoy": "#ccd3da"})
DARK = Style("#0d1117", "#f0f6fc", "#3d444d",
             {"sidecar": "#4493f8", "haproxy": "#b7bfc9", "nginx": "#7d8792", "envoy": "#4c545e"})


def draw(results, folder):
    """`results`: as bench.py writes them; what they lack is left out."""
    save(folder, "bench", lambda style: _figure(results, style))


def save(folder, name, figure):
    """`figure`: of a style."""
    for file, style in {f"{name}.svg": LIGHT, f"{name}-dark.svg": DARK}.items():
        settings = {"font.family": "DejaVu Sans", "font.size": 8.2, "svg.hashsalt": "outrigger", "axes.titlesize": 9.5,
                    "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlepad": 14,
                    "text.color": style.text, "axes.edgecolor": style.faint, "axes.labelcolor": style.text,
                    "xtick.color": style.text, "ytick.color": style.text}
        with matplotlib.rc_context(settings):
            figure(style).savefig(folder / file, facecolor=style.background, metadata={"Date": None, "Creator": None})


def _figure(results, style):
    figure = Figure(figsize=(10.4, 6.6))
    grid = figure.add_gridspec(2, 3, width_ratios=(3, 3, 1.25), height_ratios=(1.15, 1), left=0.02, right=0.985,
                               top=0.92, bottom=0.075, hspace=0.52, wspace=0.08)
    figure.legend(handles=[Patch(color=style.peers[peer], label=name) for peer, name in PEERS.items()],
                  loc="upper right", bbox_to_anchor=(0.99, 0.995), ncols=len(PEERS), frameon=False, fontsize=9.5,
                  handlelength=1.1, handleheight=1.1)
    _cpu(figure.add_subplot(grid[0, :]), results, style)
    for column, (case, figures, title) in enumerate(PANELS):
        _panel(figure.add_subplot(grid[1, column]), results.get(case, {}).get("summary", {}), figures, title, style)
    return figure


def _cpu(axes, results, style):
    """One group of bars a case: the sidecar's as 1, each peer's beside it with its least and most of all rounds."""
    axes.set_title("CPU per request, the sidecar's = 1; lower is better")
    summaries = {case: results.get(case, {}).get("summary", {}) for case in CPU}
    groups = [case for case, rows in summaries.items() if any("cpu_ratio" in row for row in rows.values())]
    tallest = 1
    for place, case in enumerate(groups):
        for peer, row in summaries[case].items():
            if peer != "sidecar" and "cpu_ratio" not in row:
                continue
            low, middle, high = (1, 1, 1) if peer == "sidecar" else (
                1 / row["cpu_ratio"][bound] for bound in ("max", "median", "min"))
            height, top = min(middle, TALLEST), min(high, TALLEST)
            tallest = max(tallest, top)
            x = _bar(axes, place, peer, height, style)
            if peer == "sidecar":
                continue
            if middle > TALLEST:
                axes.plot([x - BAR_WIDTH / 2, x + BAR_WIDTH / 2], [TALLEST * 0.9, TALLEST * 0.93],
                          color=style.background, linewidth=2)
            else:
                axes.plot([x, x], [low, top], color=style.text, linewidth=0.7, alpha=0.6)
            number(axes, x, top, f"{middle:.1f}", style)
    axes.axhline(1, color=style.peers["sidecar"], linewidth=0.8, zorder=0)
    axes.set_ylim(0, tallest * 1.08)
    finish(axes, [CPU[case] for case in groups])


def _panel(axes, rows, figures, title, style):
    medians = {peer: row["medians"] for peer, row in rows.items() if peer in PEERS}
    # What is added to a latency may come out below zero, where a logarithm ends.
    values = {(place, peer): max(medians[peer][figure], 0.1) for place, figure in enumerate(figures) for peer in medians
              if figure in medians[peer]}
    if not values:
        axes.set_axis_off()
        return
    axes.set_title(title)
    axes.set_yscale("log")
    axes.set_ylim(min(values.values()) / 2.5, max(values.values()) * 1.7)
    for (place, peer), value in values.items():
        x = _bar(axes, place, peer, value, style)
        number(axes, x, value, f"{value:.0f}" if value >= 50 else f"{value:.1f}", style)
    finish(axes, list(figures.values()))


def _bar(axes, place, peer, height, style):
    x = place + (list(PEERS).index(peer) - (len(PEERS) - 1) / 2) * BAR_WIDTH
    axes.bar(x, height, BAR_WIDTH * 0.92, color=style.peers[peer], linewidth=0)
    return x


def number(axes, x, y, text, style):
    axes.annotate(text, (x, y), (0, 2.5), textcoords="offset points", ha="center", va="bottom", fontsize=7.4,
                  color=style.text)


def finish(axes, names):
    """Every bar has its number, so there is no scale beside them."""
    axes.set_facecolor("none")
    axes.set_xticks(range(len(names)), names, linespacing=1.25)
    axes.set_xlim(-0.55, max(len(names), 1) - 0.45)
    axes.tick_params(axis="x", length=0, pad=5)
    axes.yaxis.set_visible(False)
    axes.minorticks_off()
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
