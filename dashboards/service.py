"""One Service: its traffic, and each of its endpoints, as the sidecars see them."""
from grafana import dashboard, heatmap, instant, query, row, stat, state_timeline, steps, table, timeseries, variable

CLIENTS = 'namespace=~"$namespace",pod=~"$pod"'
SERVICE = f'{CLIENTS},service="$service"'
RATE = "[$__rate_interval]"

REQUESTS = f"outrigger_requests_total{{{SERVICE}}}{RATE}"
ERRORS = f'outrigger_requests_total{{{SERVICE},code=~"5.."}}{RATE}'
DURATIONS = f"outrigger_request_duration_seconds_bucket{{{SERVICE}}}{RATE}"
TRIES = f"outrigger_backend_requests_total{{{SERVICE}}}{RATE}"
# A try that the client gave up says nothing of the endpoint.
JUDGED_TRIES = f'outrigger_backend_requests_total{{{SERVICE},outcome!="cancelled"}}{RATE}'
FAILED_TRIES = f'outrigger_backend_requests_total{{{SERVICE},outcome!~"success|cancelled"}}{RATE}'
GOOD_TRIES = f'outrigger_backend_requests_total{{{SERVICE},outcome="success"}}{RATE}'
SUCCESS_RATIOS = f"sum by (backend) (rate({GOOD_TRIES})) / sum by (backend) (rate({JUDGED_TRIES}))"
SHARES = f"sum by (backend) (rate({TRIES})) / on () group_left () sum(rate({TRIES}))"
EWMA = f"avg by (backend) (outrigger_backend_latency_ewma_seconds{{{SERVICE}}} > 0)"

STATES = [
    (1, ("ready", "green")),
    (2, ("warming", "light-green")),
    (3, ("draining", "blue")),
    (4, ("ejected", "orange")),
    (5, ("unhealthy", "red")),
    (6, ("unreachable", "dark-red")),
    (0, ("workers differ", "purple")),
]


def state(name):
    return f'avg by (backend) (outrigger_backend_state{{{SERVICE},state="{name}"}})'


# The number of the state that more than half of the workers see; 0 where no state has so many.
STATE_OF_MOST = " + ".join(f"{value} * ({state(name)} > bool 0.5)" for value, (name, _) in STATES if value)


def quantile(q):
    return f"histogram_quantile({q}, sum by (le) (rate({DURATIONS})))"


STATS = [
    stat("Requests", "Answers to clients.", [query(f"sum(rate({REQUESTS}))")], "reqps"),
    stat(
        "Errors",
        "The part of the answers that are 5xx, whether an endpoint or the sidecar has said so.",
        [query(f"(sum(rate({ERRORS})) or vector(0)) / sum(rate({REQUESTS}))")],
        "percentunit",
        steps("green", (0.01, "orange"), (0.05, "red")),
    ),
    stat("p50", "What half of the requests take at most.", [query(quantile(0.5))], "s"),
    stat("p99", "What 99 % of the requests take at most.", [query(quantile(0.99))], "s"),
    stat(
        "Endpoints in use",
        "Of those in the set, the endpoints that more than half of the sidecars' workers see as ready or warming.",
        [instant(f"count({state('ready')} + {state('warming')} > 0.5) or vector(0)")],
        "none",
        steps("red", (1, "green")),
    ),
    stat(
        "Panic",
        "The part of the sidecars' workers that use all endpoints, since under half are well and nothing else carries "
        "the load.",
        [query(f"avg(outrigger_panic{{{SERVICE}}})")],
        "percentunit",
        steps("green", (0.01, "red")),
    ),
]

TRAFFIC = [
    row("Traffic"),
    timeseries(
        "Answers by status",
        "By the status that clients got. Connections of other protocols have none: see the tries by outcome.",
        [query(f"sum by (code) (rate({REQUESTS}))", "{{code}}")],
        "reqps",
        stacked="normal",
    ),
    timeseries(
        "Latency",
        "What half, 90 % and 99 % of the requests take at most, from their head to their answer's end.",
        [query(quantile(q), name) for q, name in ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"))],
        "s",
    ),
    timeseries(
        "Retries",
        "Tries at another endpoint after one of this Service's failed.",
        [query(f"sum(rate(outrigger_retries_total{{{SERVICE}}}{RATE}))", "retries")],
        "ops",
    ),
    heatmap(
        "Latency, spread",
        "How many requests take how long.",
        f"sum by (le) (increase({DURATIONS}))",
    ),
]

ENDPOINTS = [
    row("Endpoints"),
    table(
        "Endpoints",
        "Each endpoint now, as all sidecars chosen see it. The effective weight is what it counts for: less in a slow "
        "start, in part where its tier or zone carries a part of the load, 0 where it is not used.",
        "backend",
        [
            ("Weight", f"max by (backend) (outrigger_backend_weight{{{SERVICE}}})", "none"),
            ("Effective", f"avg by (backend) (outrigger_backend_effective_weight{{{SERVICE}}})", "none"),
            ("Ready", f"{state('ready')} + {state('warming')}", "percentunit"),
            ("In flight", f"sum by (backend) (outrigger_backend_in_flight{{{SERVICE}}})", "none"),
            ("Expected latency", EWMA, "s"),
            ("Share", SHARES, "percentunit"),
            ("Success", SUCCESS_RATIOS, "percentunit"),
            (
                "Ejections, 1 h",
                f"sum by (backend) (increase(outrigger_backend_ejections_total{{{SERVICE}}}[1h]))",
                "none",
            ),
        ],
    ),
    state_timeline(
        "States",
        "What more than half of the sidecars' workers see an endpoint as.",
        [query(STATE_OF_MOST, "{{backend}}")],
        STATES,
        width=24,
    ),
    timeseries(
        "Share of each endpoint",
        "Which part of the tries it gets.",
        [query(SHARES, "{{backend}}")],
        "percentunit",
        stacked="normal",
        most=1,
    ),
    timeseries(
        "Effective weight",
        "What an endpoint counts for, on average over the sidecars.",
        [query(f"avg by (backend) (outrigger_backend_effective_weight{{{SERVICE}}})", "{{backend}}")],
        "none",
    ),
    timeseries(
        "In flight",
        "Requests and connections open on an endpoint, of all sidecars chosen.",
        [query(f"sum by (backend) (outrigger_backend_in_flight{{{SERVICE}}})", "{{backend}}")],
        "none",
    ),
    timeseries(
        "Expected latency",
        "The moving average that response-time goes by, of the time to an answer's first byte, on average over the "
        "sidecars that have one.",
        [query(EWMA, "{{backend}}")],
        "s",
    ),
    timeseries(
        "Tries by outcome",
        "Tries at an endpoint by how they ended; cancelled: by the client or the sidecar, which says nothing of the "
        "endpoint.",
        [query(f"sum by (outcome) (rate({TRIES}))", "{{outcome}}")],
        "ops",
        stacked="normal",
    ),
    timeseries(
        "Failed tries by endpoint",
        "Those that count against an endpoint: a failed connection, 5xx and gRPC errors, resets, invalid answers, "
        "timeouts.",
        [query(f"sum by (backend, outcome) (rate({FAILED_TRIES}))", "{{backend}} {{outcome}}")],
        "ops",
    ),
    timeseries(
        "Ejections by endpoint and reason",
        "How often a worker has taken an endpoint out of use.",
        [query(f"sum by (backend, reason) (increase(outrigger_backend_ejections_total{{{SERVICE}}}{RATE})) > 0",
               "{{backend}} {{reason}}")],
        "none",
    ),
    timeseries(
        "Endpoints by state",
        "How many there are of each, on average over the sidecars.",
        [query(f"sum by (state) (avg by (backend, state) (outrigger_backend_state{{{SERVICE}}}))", "{{state}}")],
        "none",
        stacked="normal",
    ),
]

CLIENT_PODS = [
    row("Clients"),
    timeseries(
        "Client connections",
        "Connections that the applications which use this Service have open to their sidecars, to whatever Service.",
        [query(f'sum by (pod) (outrigger_connections_active{{{CLIENTS}}} and on (job, instance) '
               f"outrigger_snapshot_version{{{SERVICE}}})", "{{pod}}")],
        "none",
    ),
    timeseries(
        "Sidecars by version of the set",
        "How many sidecars have which version of the Service's set. Some time after a change there is one.",
        [query(f'count_values("version", outrigger_snapshot_version{{{SERVICE}}})', "{{version}}")],
        "none",
        stacked="normal",
    ),
]

DASHBOARD = dashboard(
    "outrigger-service",
    "Outrigger / Service",
    "One Service as its clients' sidecars see it: its traffic, and its endpoints' weights, states and latencies.",
    [
        variable("namespace", "Client namespace", "label_values(outrigger_connections_active, namespace)"),
        variable(
            "service",
            "Service",
            'label_values(outrigger_snapshot_version{namespace=~"$namespace"}, service)',
            every=False,
        ),
        variable(
            "pod",
            "Client pod",
            'label_values(outrigger_snapshot_version{namespace=~"$namespace",service="$service"}, pod)',
        ),
    ],
    STATS + TRAFFIC + ENDPOINTS + CLIENT_PODS,
)
