"""The chart, as its tests see it: helm, and what helm renders as Python's values.

Helm is that of the folder OUTRIGGER_CHART_TOOLS; `./dev test` builds it.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CHART = ROOT / "charts" / "outrigger"
NAMESPACE = "outrigger-system"
# {name: arguments for helm}. What the chart is tried with.
VALUES = {"defaults": []} | {path.stem: ["--values", str(path)] for path in sorted((HERE / "values").glob("*.yaml"))}
SKIPPED = 77

_TO_JSON = """\
{{- range $path, $_ := .Files.Glob "files/*" }}
---
{{ dict "file" (base $path) "content" ($.Files.Get $path | fromYaml) | toJson }}
{{- end }}
"""


def folder_of(variable):
    """The folder that an environment variable names."""
    if variable not in os.environ:
        raise AssertionError(f"{variable} is not set: `./dev test` makes the folder that it names, and sets it")
    return pathlib.Path(os.environ[variable])


def tool(name):
    return str(folder_of("OUTRIGGER_CHART_TOOLS") / name)


def run(*command, **options):
    """What it says on both streams, and its exit status."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, **options)
    return done.stdout, done.returncode


def helm(*arguments, **options):
    """What helm says; it must succeed."""
    done = subprocess.run([tool("helm"), *arguments], text=True, capture_output=True, timeout=120, **options)
    if done.returncode != 0:
        raise AssertionError(f"helm {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def read_yaml(texts):
    """{name: map} of {name: YAML of one map}. By helm, as Python's own library has no YAML."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        for name in ("files", "templates"):
            (scratch / name).mkdir()
        (scratch / "Chart.yaml").write_text("{apiVersion: v2, name: scratch, version: 0.0.0}")
        (scratch / "templates" / "out.yaml").write_text(_TO_JSON)
        for name, text in texts.items():
            (scratch / "files" / name).write_text(text)
        read = {}
        for line in helm("template", str(scratch)).splitlines():
            if line.startswith("{"):
                document = json.loads(line)
                read[document["file"]] = document["content"]
    for name, content in read.items():
        if list(content) == ["Error"]:
            raise AssertionError(f"{name}: {content['Error']}")
    return read


def documents(text):
    """The texts of a stream of YAML documents, without those that have nothing but comments."""
    found = [[]]
    for line in text.splitlines(keepends=True):
        if line.rstrip() == "---":
            found.append([])
        else:
            found[-1].append(line)
    return ["".join(lines) for lines in found if any(line.strip() and not line.startswith("#") for line in lines)]


def read_objects(text):
    """The objects of a stream of YAML documents, in its order."""
    texts = {f"{number:04}": document for number, document in enumerate(documents(text))}
    return [content for _, content in sorted(read_yaml(texts).items())]


def render(*arguments, chart=CHART, release="outrigger"):
    """The text of what helm makes of the chart."""
    return helm("template", release, str(chart), "--namespace", NAMESPACE, *arguments)


def objects(*arguments, **options):
    """The same as values: {"KIND NAME": object}."""
    return {f"{found['kind']} {found['metadata']['name']}": found for found in
            read_objects(render(*arguments, **options))}


def copy_of_chart(folder):
    """One that a test may change."""
    return pathlib.Path(shutil.copytree(CHART, pathlib.Path(folder) / "outrigger"))


def main():
    if "OUTRIGGER_CHART_TOOLS" not in os.environ:
        print("OUTRIGGER_CHART_TOOLS is not set: it names the folder of helm and kubeconform; `./dev test` builds them")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
