#!/usr/bin/env bash
# render.sh > manifests/outrigger.yaml: the chart with its default values, for who installs without Helm. Helm is that of
# OUTRIGGER_CHART_TOOLS, or else on PATH.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
helm=${OUTRIGGER_CHART_TOOLS:+$OUTRIGGER_CHART_TOOLS/}helm

cat <<'END'
# Made from charts/outrigger, with its default values, by tests/charts/render.sh; not to be edited.
# What can be set, and why things are as they are, stands in charts/outrigger/README.md.
apiVersion: v1
kind: Namespace
metadata:
  name: outrigger-system
  labels:
    pod-security.kubernetes.io/enforce: restricted
END
# Nothing here is Helm's to manage.
"$helm" template outrigger "$root/charts/outrigger" --namespace outrigger-system --no-hooks |
  sed -E '/^ +(app\.kubernetes\.io\/managed-by: Helm|helm\.sh\/chart: .*)$/d; /^# Source: /d'
