#!/usr/bin/env python3
"""Writes the chart's Grafana dashboards anew from overview.py, service.py and operators.py. usage: generate.py"""
import json
import pathlib

import operators
import overview
import service

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "charts/outrigger/dashboards"


def texts():
    """File name → what it says."""
    dashboards = {"overview": overview, "service": service, "operator": operators}
    return {
        f"{name}.json": json.dumps(module.DASHBOARD, indent=1, ensure_ascii=False) + "\n"
        for name, module in dashboards.items()
    }


if __name__ == "__main__":
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
