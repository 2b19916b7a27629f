"""Every Service that sidecars balance, side by side, and how the sidecars are."""
from grafana import dashboard, instant, query, row, stat, steps, table, timeseries, variable

SIDECARS = 'namespace=~"$namespace"'
SERVICES = f'{SIDECARS},service=~"$service"'
RATE = "[$__rate_interval]"

REQUESTS = f"outrigger_requests_total{{{SERVICES}}}{RATE}"
ERRORS = f'outrigger_requests_total{{{SERVICES},code=~"5.."}}{RATE}'
DURATIONS = f"outrigger_request_duration_seconds_bucket{{{SERVICES}}}{RATE}"
ERROR_RATIOS = f"sum by (service) (rate({ERRORS})) / sum by (service) (rate({REQUESTS}))"
NOT_USED = f'outrigger_backend_state{{{SERVICES},state=~"unhealthy|unreachable|ejected"}}'
SIDECARS_OF_ENDPOINT = f"count by (service, backend) (outrigger_backend_weight{{{SERVICES}}})"

ONE_SERVICE = (
    "/d/outrigger-service?var-datasource=${datasource}&${namespace:queryparam}&var-service=${__value.raw}&"
    "${__url_time_range}"
)

STATS = [
    stat("Requests", "Answers to clients, of the Services chosen.", [query(f"sum(rate({REQUESTS}))")], "reqps"),
    stat(
        "Errors",
        "The part of the answers that are 5xx, whether an endpoint or the sidecar has said so. A gRPC error has status "
        "200 and is not among them: see the failed tries of a Service.",
        [query(f"(sum(rate({ERRORS})) or vector(0)) / sum(rate({REQUESTS}))")],
        "percentunit",
        steps("green", (0.01, "orange"), (0.05, "red")),
    ),
    stat(
        "p99",
        "What 99 % of the requests take at most, from their head to their answer's end.",
        [query(f"histogram_quantile(0.99, sum by (le) (rate({DURATIONS})))")],
        "s",
    ),
    stat(
        "Services in panic",
        "Under half of a tier is well and nothing else carries the load, as some sidecar sees it: all endpoints that "
        "take connections are used.",
        [query(f"count(max by (service) (outrigger_panic{{{SERVICES}}}) > 0) or vector(0)")],
        "none",
        steps("green", (1, "red")),
    ),
    stat(
        "Endpoints not used",
        "Endpoints that more than half of the sidecars' workers see as unhealthy, unreachable or ejected.",
        [query(f"count(sum by (service, backend) ({NOT_USED}) / {SIDECARS_OF_ENDPOINT} > 0.5) or vector(0)")],
        "none",
        steps("green", (1, "orange")),
    ),
    stat(
        "Sidecars without an operator",
        "Sidecars whose feed is not open now. They go on with what they know.",
        [instant(f"count(outrigger_feed_connected{{{SIDECARS}}} == 0) or vector(0)")],
        "none",
        steps("green", (1, "orange")),
    ),
]

TRAFFIC = [
    row("Traffic"),
    timeseries(
        "Requests by Service",
        "Answers to clients, by the Service that they asked for.",
        [query(f"sum by (service) (rate({REQUESTS}))", "{{service}}")],
        "reqps",
    ),
    timeseries(
        "Answers by status",
        "By the status that clients got. 502, 503 and 504 may be the sidecar's own: it says why in Proxy-Status.",
        [query(f"sum by (code) (rate({REQUESTS}))", "{{code}}")],
        "reqps",
        stacked="normal",
    ),
    timeseries(
        "Errors by Service",
        "The part of a Service's answers that are 5xx. A Service without any is not shown.",
        [query(ERROR_RATIOS, "{{service}}")],
        "percentunit",
        most=1,
    ),
    timeseries(
        "Retries by Service",
        "Tries at another endpoint after one failed, by the Service whose endpoint failed. Each sidecar has a budget "
        "of them, retry-budget.",
        [query(f"sum by (service) (rate(outrigger_retries_total{{{SERVICES}}}{RATE}))", "{{service}}")],
        "ops",
    ),
    timeseries(
        "Latency",
        "What half, and 99 %, of all requests take at most, from their head to their answer's end.",
        [
            query(f"histogram_quantile(0.5, sum by (le) (rate({DURATIONS})))", "p50"),
            query(f"histogram_quantile(0.99, sum by (le) (rate({DURATIONS})))", "p99"),
        ],
        "s",
    ),
    timeseries(
        "p99 by Service",
        "What 99 % of a Service's requests take at most.",
        [query(f"histogram_quantile(0.99, sum by (le, service) (rate({DURATIONS})))", "{{service}}")],
        "s",
    ),
    table(
        "Services",
        "Each Service now; its name leads to its dashboard. The endpoints of a split Service (weights) are those of "
        "the Services that it is split over.",
        "service",
        [
            ("Requests", f"sum by (service) (rate({REQUESTS}))", "reqps"),
            ("Errors", ERROR_RATIOS, "percentunit"),
            ("p99", f"histogram_quantile(0.99, sum by (le, service) (rate({DURATIONS})))", "s"),
            ("Endpoints", f"count by (service) ({SIDECARS_OF_ENDPOINT})", "none"),
            ("In flight", f"sum by (service) (outrigger_backend_in_flight{{{SERVICES}}})", "none"),
            ("Panic", f"avg by (service) (outrigger_panic{{{SERVICES}}})", "percentunit"),
        ],
        link=("Open ${__value.raw}", ONE_SERVICE),
    ),
]

HEALTH = [
    row("Health of endpoints"),
    timeseries(
        "Panic by Service",
        "The part of the sidecars' workers that use all endpoints of a Service, since under half are well.",
        [query(f"avg by (service) (outrigger_panic{{{SERVICES}}})", "{{service}}")],
        "percentunit",
        most=1,
    ),
    timeseries(
        "Ejections by reason",
        "How often workers have taken an endpoint out of use for its answers, or since it takes no connection.",
        [query(f"sum by (reason) (rate(outrigger_backend_ejections_total{{{SERVICES}}}{RATE}))", "{{reason}}")],
        "ops",
    ),
]

SIDECAR = [
    row("Sidecars"),
    timeseries(
        "Sidecars with and without an operator",
        "By whether their feed is open.",
        [
            query(f"sum(outrigger_feed_connected{{{SIDECARS}}})", "connected"),
            query(f"count(outrigger_feed_connected{{{SIDECARS}}} == 0) or vector(0)", "not connected"),
        ],
        "none",
        stacked="normal",
    ),
    timeseries(
        "Oldest sets",
        "For how long the sidecar that has waited longest has heard nothing from an operator; up to 5 s while all is "
        "well.",
        [query(f"max by (namespace) (outrigger_snapshot_age_seconds{{{SIDECARS}}})", "{{namespace}}")],
        "s",
    ),
    timeseries(
        "Client connections",
        "Connections that applications have open to their sidecars.",
        [query(f"sum by (namespace) (outrigger_connections_active{{{SIDECARS}}})", "{{namespace}}")],
        "none",
    ),
    timeseries(
        "Passed through",
        "Connections to what is no Service known to the sidecar: they went where they were going, unbalanced.",
        [query(f"sum by (namespace) (rate(outrigger_passthrough_connections_total{{{SIDECARS}}}{RATE}))",
               "{{namespace}}")],
        "cps",
    ),
    timeseries(
        "Destinations without an answer",
        "Connections, and requests by host, that waited in vain for an operator to say which Service they are for: "
        "passed through, or answered 503.",
        [query(f"sum by (namespace) (rate(outrigger_unanswered_destinations_total{{{SIDECARS}}}{RATE}))",
               "{{namespace}}")],
        "cps",
    ),
    timeseries(
        "Ended for want of memory",
        "Requests and connections that were ended since a worker held as many bytes as it may, limits.bufferedBytes.",
        [query(f"sum by (namespace) (rate(outrigger_buffer_exhausted_total{{{SIDECARS}}}{RATE}))", "{{namespace}}")],
        "cps",
    ),
    timeseries(
        "Protocols found out",
        "Connections whose protocol neither the Service nor the listener says, by what it was. With unknown and "
        "server_first a client waits: say appProtocol or the annotation protocol.",
        [query(f"sum by (protocol) (rate(outrigger_protocol_detections_total{{{SIDECARS}}}{RATE}))", "{{protocol}}")],
        "cps",
    ),
    timeseries(
        "Time left of certificates",
        "Of the sidecar whose certificate ends first. Each is renewed at about two thirds of its life.",
        [query(f'min by (namespace) (outrigger_certificate_expiry_timestamp_seconds{{{SIDECARS},of=""}}) - time()',
               "{{namespace}}")],
        "s",
    ),
]

DASHBOARD = dashboard(
    "outrigger-overview",
    "Outrigger / Overview",
    "Traffic, errors and latency of all Services that Outrigger's sidecars balance, and how the sidecars are.",
    [
        variable("namespace", "Client namespace", "label_values(outrigger_connections_active, namespace)"),
        variable("service", "Service", f"label_values(outrigger_snapshot_version{{{SIDECARS}}}, service)"),
    ],
    STATS + TRAFFIC + HEALTH + SIDECAR,
)
