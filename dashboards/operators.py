"""The operators, and what they do with the API server, the feed, certificates and pods."""
from grafana import dashboard, heatmap, instant, query, row, stat, state_timeline, steps, timeseries, variable

# Not `namespace`, which the other dashboards have for clients: links between dashboards take variables along.
OPERATORS = 'namespace=~"$operator_namespace"'
RATE = "[$__rate_interval]"
# Other programs have metrics of the same name.
OURS = f"and on (job, instance) outrigger_subscribers{{{OPERATORS}}}"
PROPAGATION = f"outrigger_propagation_seconds_bucket{{{OPERATORS}}}{RATE}"
DAY = 86400


def expiry(of):
    return f'outrigger_certificate_expiry_timestamp_seconds{{{OPERATORS},of="{of}"}}'


LEADING = f"max by (pod) (leader_election_master_status{{{OPERATORS}}} {OURS})"

STATS = [
    stat("Operators", "Operators that serve metrics.", [query(f"count(outrigger_subscribers{{{OPERATORS}}})")], "none",
         steps("red", (1, "green"))),
    stat(
        "Leader",
        "Who writes Events, roots and the webhook's bundle. All operators serve the feed.",
        [instant(f"{LEADING} == 1", "{{pod}}")],
        "none",
        text="name",
    ),
    stat("Sidecars connected", "Streams of the feed, over all operators.",
         [query(f"sum(outrigger_subscribers{{{OPERATORS}}})")], "none"),
    stat("Services", "Services known.", [query(f"max(outrigger_services{{{OPERATORS}}})")], "none"),
    stat("Endpoints", "Endpoints in the sets of all Service ports.",
         [query(f"max(outrigger_endpoints{{{OPERATORS}}})")], "none"),
    stat(
        "Bad annotations",
        "Annotations of Services and Pods that are bad now; each is an Event of its object, and its option has the "
        "default.",
        [query(f"max(outrigger_invalid_annotations{{{OPERATORS}}})")],
        "none",
        steps("green", (1, "orange")),
    ),
]

FEED = [
    row("Feed"),
    timeseries(
        "Sidecars by operator",
        "Streams of the feed. They even out within an hour and a half, by when each sidecar has moved.",
        [query(f"sum by (pod) (outrigger_subscribers{{{OPERATORS}}})", "{{pod}}")],
        "none",
        stacked="normal",
    ),
    timeseries(
        "Propagation",
        "From reading a change in a watch to the last byte of it being taken for a sidecar: half, and 99 %.",
        [
            query(f"histogram_quantile({q}, sum by (le) (rate({PROPAGATION})))", name)
            for q, name in ((0.5, "p50"), (0.99, "p99"))
        ],
        "s",
    ),
    heatmap(
        "Propagation, spread",
        "How many changes, told to how many sidecars, take how long.",
        f"sum by (le) (increase({PROPAGATION}))",
    ),
    timeseries(
        "Streams put off, subscriptions refused",
        "Streams told to come back later since too many came at once, and subscriptions that --feed-scope forbids.",
        [
            query(f"sum(rate(outrigger_feed_deferred_total{{{OPERATORS}}}{RATE}))", "put off"),
            query(f"sum(rate(outrigger_feed_out_of_scope_total{{{OPERATORS}}}{RATE}))", "out of scope"),
        ],
        "ops",
    ),
]

API = [
    row("API server"),
    timeseries(
        "Watches begun anew",
        "By kind and reason. timeout is the API server's own end of a watch and normal; expired: its history is gone; "
        "idle: silent for too long; error: anything else.",
        [query(f"sum by (kind, reason) (rate(outrigger_watch_restarts_total{{{OPERATORS}}}{RATE}))",
               "{{kind}} {{reason}}")],
        "ops",
    ),
    timeseries(
        "Requests by status",
        "Requests to the API server. <error>: no answer at all.",
        [query(f"sum by (code, method) (rate(rest_client_requests_total{{{OPERATORS}}}{RATE}) {OURS})",
               "{{method}} {{code}}")],
        "reqps",
    ),
    timeseries(
        "Services that wait to be looked at",
        "The depth of each operator's work queue; it comes back to 0 after every change.",
        [query(f'sum by (pod) (workqueue_depth{{{OPERATORS},name="services"}} {OURS})', "{{pod}}")],
        "none",
    ),
    timeseries(
        "Repairs by comparison",
        "Objects that a full comparison with the API server found other than the watches had told. Stays 0 while "
        "nothing is lost.",
        [query(f"sum by (kind) (increase(outrigger_comparison_repairs_total{{{OPERATORS}}}{RATE}))", "{{kind}}")],
        "none",
    ),
    state_timeline(
        "Who leads",
        "By the Lease. Nobody for some seconds after a leader's end; never two.",
        [query(LEADING, "{{pod}}")],
        [(1, ("leads", "green")), (0, ("does not", "text"))],
        width=24,
        height=6,
    ),
]

CERTIFICATES = [
    row("Certificates"),
    stat(
        "Serving certificate",
        "Time left of the certificate that an operator serves with, of the one that ends first. Renewed at about two "
        "thirds of its life, which is 24 h unless told otherwise.",
        [query(f"min({expiry('serving')}) - time()")],
        "s",
        steps("red", (4 * 3600, "green")),
    ),
    stat(
        "Root",
        "Time left of the root that signs certificates. Changed at two thirds of its life.",
        [query(f"min({expiry('root')}) - time()")],
        "s",
        steps("red", (14 * DAY, "green")),
    ),
    stat(
        "Sidecars' certificates",
        "Time left of the one that ends first, of all sidecars.",
        [query('min(outrigger_certificate_expiry_timestamp_seconds{of=""}) - time()')],
        "s",
        steps("red", (4 * 3600, "green")),
    ),
    timeseries(
        "Certificates for sidecars",
        "Issued, and refused by reason. token: the API server does not take it, or not for the audience; unavailable: "
        "the API server, or a root, is away; busy: too many wait.",
        [
            query(f"sum(rate(outrigger_certificates_issued_total{{{OPERATORS}}}{RATE}))", "issued"),
            query(f"sum by (reason) (rate(outrigger_certificate_refusals_total{{{OPERATORS}}}{RATE}))",
                  "refused: {{reason}}"),
        ],
        "ops",
    ),
]

PODS = [
    row("Pods"),
    timeseries(
        "Injections",
        "Pods that the webhook was asked about, by what came of it.",
        [query(f"sum by (result) (rate(outrigger_injections_total{{{OPERATORS}}}{RATE}))", "{{result}}")],
        "ops",
    ),
    timeseries(
        "Pods that go unbalanced",
        "Pods that run without a sidecar although they, or their namespace, are labelled for one; and those with one to "
        "which their connections could not be redirected.",
        [
            query(f"max(outrigger_pods_not_injected{{{OPERATORS}}})", "no sidecar"),
            query("sum(1 - outrigger_redirected)", "not redirected"),
        ],
        "none",
    ),
    timeseries(
        "Bad annotations",
        "Annotations of Services and Pods that are bad now.",
        [query(f"max(outrigger_invalid_annotations{{{OPERATORS}}})", "annotations")],
        "none",
    ),
    timeseries(
        "Versions",
        "How many operators and sidecars run which version.",
        [
            query(f"count by (version) (outrigger_build_info {OURS})", "operator {{version}}"),
            query("count by (version) (outrigger_build_info unless on (job, instance) outrigger_subscribers)",
                  "sidecar {{version}}"),
        ],
        "none",
        stacked="normal",
    ),
]

DASHBOARD = dashboard(
    "outrigger-operator",
    "Outrigger / Operator",
    "The operators: the feed to sidecars, the API server, certificates, and pods.",
    [variable("operator_namespace", "Operator's namespace", "label_values(outrigger_subscribers, namespace)")],
    STATS + FEED + API + CERTIFICATES + PODS,
)
