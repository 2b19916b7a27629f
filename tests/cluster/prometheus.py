"""A Prometheus on the node."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading

from cluster import HERE, eventually, http_get, kubectl

PORT = 9099


def targets(pods):
    """All containers' ports named outrigger-admin, as Prometheus reads targets from a file."""
    for pod in pods:
        address = pod["status"].get("podIP")
        if not address or pod["status"]["phase"] in ("Succeeded", "Failed"):
            continue
        spec = pod["spec"]
        for container in spec["containers"] + spec.get("initContainers", []):
            for port in container.get("ports", []):
                if port.get("name") == "outrigger-admin":
                    yield {
                        "targets": [f"{address}:{port['containerPort']}"],
                        "labels": {"namespace": pod["metadata"]["namespace"], "pod": pod["metadata"]["name"]},
                    }


class Prometheus:
    """Scrapes, each second, all pods that have a container port named outrigger-admin. A context manager. `rule_files`:
    recording and alerting rules.

    Debian's Prometheus cannot ask the API server for pods, so this does, each second, and tells it by a file."""

    def __init__(self, *, rule_files=()):
        self.address = f"http://127.0.0.1:{PORT}"
        self.rule_files = [str(file) for file in rule_files]

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="outrigger-prometheus-")
        self.files = pathlib.Path(self.folder.name)
        scrape = {"job_name": "outrigger", "file_sd_configs": [{"files": [f"{self.files}/targets.json"]}]}
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": self.rule_files,
            "scrape_configs": [scrape],
        }
        # JSON is YAML.
        (self.files / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
        self.log = open(self.files / "log", "w+", encoding="utf-8")
        self._find_targets()
        self._end()  # one that a test left behind that was killed
        command = [
            f"--config.file={self.files}/prometheus.yml",
            f"--storage.tsdb.path={self.files}/data",
            f"--web.listen-address=127.0.0.1:{PORT}",
            "--web.enable-lifecycle",
        ]
        self.process = subprocess.Popen([HERE / "run", "prometheus", *command], stdout=self.log, stderr=self.log)
        self.ending = threading.Event()
        self.follower = threading.Thread(target=self._follow_targets)
        self.follower.start()
        try:
            eventually("Prometheus is ready", self._is_ready)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.follower.join()
        self._end()
        self.process.wait(timeout=30)
        self.log.close()
        self.folder.cleanup()

    def _end(self):
        # Signals would not get to it through nsenter.
        quit_it = ["curl", "--silent", "--max-time", "5", "--request", "POST", f"{self.address}/-/quit"]
        subprocess.run([HERE / "run", *quit_it], stdout=subprocess.DEVNULL, check=False)

    def _is_ready(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise RuntimeError(f"Prometheus has ended: {self.log.read()}")
        return http_get(f"{self.address}/-/ready")

    def _find_targets(self):
        pods = json.loads(kubectl("get", "--raw", "/api/v1/pods"))["items"]
        (self.files / "targets.part").write_text(json.dumps(list(targets(pods))), encoding="utf-8")
        os.replace(self.files / "targets.part", self.files / "targets.json")

    def _follow_targets(self):
        while not self.ending.wait(1):
            try:
                self._find_targets()
            except AssertionError as error:
                print(f"Prometheus keeps its targets: {error}", file=self.log)

    def query(self, expression):
        """What an instant query finds: a list of (labels, value)."""
        answer = json.loads(http_get(f"{self.address}/api/v1/query", query=expression))
        return [(series["metric"], float(series["value"][1])) for series in answer["data"]["result"]]

    def alerts(self):
        """The alerts that are pending or firing, as Prometheus tells them."""
        return json.loads(http_get(f"{self.address}/api/v1/alerts"))["data"]["alerts"]
