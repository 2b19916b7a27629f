"""Outrigger's image, as its Dockerfile makes it."""

import json
import os
import pathlib
import tarfile
import tempfile

import cluster

ARCHIVE = "cluster/images/outrigger-test-outrigger-test.tar"
PROGRAMS = {f"usr/bin/{name}" for name in ("outrigger", "outrigger-init", "outrigger-operator", "outrigger-sidecar")}
LIBRARIES = ("lib/", "lib64/")
OTHERS = {"etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt"}
MOST_BYTES = 25 << 20


class Image(cluster.TestCase):
    def test_holds_the_programs_and_what_they_need_in_one_small_layer(self):
        cache = os.environ.get("OUTRIGGER_CACHE", pathlib.Path.home() / ".cache" / "outrigger")
        with tempfile.TemporaryDirectory() as folder, tarfile.open(pathlib.Path(cache) / ARCHIVE) as archive:
            archive.extractall(folder)
            blobs = pathlib.Path(folder) / "blobs" / "sha256"

            def blob(digest):
                return blobs / digest.removeprefix("sha256:")

            (entry,) = json.loads((pathlib.Path(folder) / "index.json").read_text())["manifests"]
            manifest = json.loads(blob(entry["digest"]).read_text())
            config = json.loads(blob(manifest["config"]["digest"]).read_text())["config"]
            (layer,) = manifest["layers"]
            with tarfile.open(blob(layer["digest"])) as content:
                files = {member.name: member for member in content if not member.isdir()}
        self.assertLessEqual(sum(member.size for member in files.values()), MOST_BYTES)
        self.assertLessEqual(PROGRAMS | OTHERS, files.keys())
        self.assertEqual([name for name in files.keys() - PROGRAMS - OTHERS if not name.startswith(LIBRARIES)], [])
        self.assertEqual([name for name, member in files.items() if member.mode & 0o6002], [], "others may write, or setuid")
        self.assertEqual(config["User"], "65532:65532")
        version = (cluster.HERE.parent.parent / "CMakeLists.txt").read_text().split("project(outrigger VERSION ")[1].split()[0]
        self.assertEqual(config["Labels"]["org.opencontainers.image.version"], version)

    def test_its_programs_run_in_a_pod_that_may_do_nothing(self):
        for name in sorted(PROGRAMS):
            program = name.rpartition("/")[2]
            context = {
                "runAsNonRoot": True,
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            }
            container = {
                "name": "run",
                "image": "outrigger.test/outrigger:test",
                "imagePullPolicy": "Never",
                "command": [f"/{name}", "--version"],
                "securityContext": context,
            }
            spec = {"restartPolicy": "Never", "containers": [container]}
            self.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": program}, "spec": spec})
        for name in sorted(PROGRAMS):
            program = name.rpartition("/")[2]
            self.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{program}", "--timeout=60s", timeout=70)
