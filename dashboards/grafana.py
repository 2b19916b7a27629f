"""Panels, rows and dashboards as Grafana 10 and 11 keep them in JSON, with what all of Outrigger's have in common."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
TAG = "outrigger"


def query(expr, legend="", **more):
    return {"expr": expr, "legendFormat": legend or "__auto", **more}


def instant(expr, legend=""):
    """For what shows the present alone."""
    return query(expr, legend, instant=True, range=False)


def steps(base, *above):
    """Colours from a value on: steps("green", (0.01, "orange"))."""
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for value, color in ((None, base), *above)]}


def _panel(kind, title, description, queries, width, height, defaults, options, **more):
    targets = [
        {"datasource": DATASOURCE, "editorMode": "code", "range": True, "refId": chr(ord("A") + i), **one}
        for i, one in enumerate(queries)
    ]
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "gridPos": {"w": width, "h": height},
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": more.pop("overrides", [])},
        "options": options,
        **more,
    }


def _reduced_to_last():
    return {"calcs": ["lastNotNull"], "fields": "", "values": False}


def timeseries(title, description, queries, unit, width=12, height=8, stacked="", most=None):
    """`stacked`: "normal" or "percent". Values are never negative; `most`: and never more than that."""
    custom = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if stacked else 5,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": stacked or "none", "group": "A"},
    }
    defaults = {"unit": unit, "min": 0, "color": {"mode": "palette-classic"}, "custom": custom}
    if most is not None:
        defaults["max"] = most
    options = {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return _panel("timeseries", title, description, queries, width, height, defaults, options)


def stat(title, description, queries, unit, thresholds=None, width=4, height=4, text="auto", decimals=None):
    defaults = {"unit": unit, "color": {"mode": "thresholds"}, "thresholds": thresholds or steps("text")}
    if decimals is not None:
        defaults["decimals"] = decimals
    options = {
        "graphMode": "none" if queries[0].get("instant") else "area",
        "colorMode": "value",
        "justifyMode": "auto",
        "textMode": text,
        "orientation": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "reduceOptions": _reduced_to_last(),
    }
    return _panel("stat", title, description, queries, width, height, defaults, options)


def heatmap(title, description, expr, width=12, height=8):
    """Of a histogram's buckets, by `le`, in seconds."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": "short"},
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "fill": "dark-orange",
            "scale": "exponential",
            "exponent": 0.5,
            "steps": 64,
            "reverse": False,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": "s"},
    }
    queries = [query(expr, "{{le}}", format="heatmap")]
    return _panel("heatmap", title, description, queries, width, height, {}, options)


def state_timeline(title, description, queries, states, width=12, height=8):
    """`states`: of (value, (text, colour))."""
    mapping = {
        str(value): {"text": text, "color": color, "index": i} for i, (value, (text, color)) in enumerate(states)
    }
    defaults = {
        "color": {"mode": "thresholds"},
        "thresholds": steps("text"),
        "mappings": [{"type": "value", "options": mapping}],
        "custom": {"fillOpacity": 80, "lineWidth": 0},
    }
    options = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.85,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return _panel("state-timeline", title, description, queries, width, height, defaults, options)


def table(title, description, key, columns, width=24, height=9, link=None):
    """A row for each value of the label `key`, a column for each of (title, expression, unit); `link`: (title, URL) of
    the key."""
    queries = [query(expr, instant=True, range=False, format="table") for _, expr, _ in columns]
    names = {f"Value #{chr(ord('A') + i)}": name for i, (name, _, _) in enumerate(columns)}
    overrides = [
        {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]}
        for name, _, unit in columns
    ]
    if link:
        links = [{"title": link[0], "url": link[1], "targetBlank": False}]
        overrides.append({"matcher": {"id": "byName", "options": key}, "properties": [{"id": "links", "value": links}]})
    order = {key: 0, **{field: i + 1 for i, field in enumerate(names)}}
    transformations = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": names}},
    ]
    defaults = {"custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True, "inspect": False}}
    options = {
        "frameIndex": 0,
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": ["sum"], "countRows": False},
        "sortBy": [{"displayName": key, "desc": False}],
    }
    more = {"overrides": overrides, "transformations": transformations}
    return _panel("table", title, description, queries, width, height, defaults, options, **more)


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": WIDTH, "h": 1}}


def _laid_out(panels):
    """Left to right, a new line where there is no room; numbered as they stand."""
    x = y = line = 0
    for number, panel in enumerate(panels, 1):
        place = panel["gridPos"]
        if x + place["w"] > WIDTH:
            x, y, line = 0, y + line, 0
        panel["id"] = number
        panel["gridPos"] = {"x": x, "y": y, **place}
        x, line = x + place["w"], max(line, place["h"])
    return panels


def variable(name, label, values_of, every=True):
    """`values_of`: a label_values() query. `every`: several may be chosen, and all are at first."""
    chosen = {"multi": every, "includeAll": every}
    if every:
        chosen["allValue"] = ".*"  # also series without the label, of a Prometheus that adds none
        chosen["current"] = {"selected": True, "text": ["All"], "value": ["$__all"]}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": values_of,
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "options": [],
        "regex": "",
        "skipUrlSync": False,
        **chosen,
    }


def dashboard(uid, title, description, variables, panels):
    datasource = {
        "type": "datasource",
        "name": "datasource",
        "label": "Prometheus",
        "query": "prometheus",
        "current": {"selected": False, "text": "default", "value": "default"},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
    }
    others = {
        "type": "dashboards",
        "title": "Outrigger",
        "icon": "external link",
        "tooltip": "",
        "url": "",
        "tags": [TAG],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
    }
    alerts = {
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "name": "Annotations & Alerts",
        "type": "dashboard",
    }
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": [TAG],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "refresh": "30s",
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "weekStart": "",
        "annotations": {"list": [alerts]},
        "links": [others],
        "templating": {"list": [datasource, *variables]},
        "panels": _laid_out(panels),
    }
