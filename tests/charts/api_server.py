"""A real etcd and kube-apiserver on loopback, for what only they know: what is valid, admitted, allowed and merged.

The programs are those of the folder OUTRIGGER_APISERVER_ASSETS. No controllers, scheduler or kubelets.
"""
import json
import pathlib
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import chart

# Fixed, below those that the kernel draws: one such server at a time in a network namespace.
_PORT, _ETCD, _ETCD_PEER = 17443, 17379, 17380
_TOKEN = "administrators"
_DEADLINE_S = 60
_TOO_MANY_REQUESTS = 429  # also while it begins to serve a custom resource


class Refused(Exception):
    """The API server's answer, of a status other than 2xx."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


def eventually(holds, what):
    """The first answer of `holds` that is true."""
    until = time.monotonic() + _DEADLINE_S
    while time.monotonic() < until:
        answer = holds()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {_DEADLINE_S} s: {what}")


class ApiServer:
    """Started when made, gone after stop()."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self._children = []
        self.folder = pathlib.Path(self._folder.name)
        self.kubeconfig = self.folder / "kubeconfig"
        self._collections = {}
        try:
            self._start(chart.folder_of("OUTRIGGER_APISERVER_ASSETS"))
        except BaseException:
            self.stop()
            raise

    def _start(self, programs):
        etcd, peer = f"http://127.0.0.1:{_ETCD}", f"http://127.0.0.1:{_ETCD_PEER}"
        self._run(programs / "etcd", "--data-dir", self.folder / "etcd", "--unsafe-no-fsync", "--listen-client-urls", etcd,
                  "--advertise-client-urls", etcd, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                  "--initial-cluster", f"default={peer}")
        key = self.folder / "service-accounts.key"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
        (self.folder / "tokens.csv").write_text(f"{_TOKEN},admin,admin,system:masters\n")
        certificate = self.folder / "pki" / "apiserver.crt"
        # ServiceAccount, the admission plugin, waits for accounts that a controller makes.
        self._run(programs / "kube-apiserver", "--etcd-servers", etcd, "--secure-port", str(_PORT), "--bind-address",
                  "127.0.0.1", "--advertise-address", "127.0.0.1", "--cert-dir", certificate.parent, "--token-auth-file",
                  self.folder / "tokens.csv", "--authorization-mode", "RBAC", "--service-cluster-ip-range",
                  "10.96.0.0/16,fd00:96::/112", "--disable-admission-plugins", "ServiceAccount",
                  "--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", key,
                  "--service-account-signing-key-file", key)
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{_PORT}",
                                                      "certificate-authority": str(certificate)}}],
            "users": [{"name": "test", "user": {"token": _TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]}))
        eventually(certificate.exists, "the API server has a certificate")
        self._tls = ssl.create_default_context(cafile=certificate)
        eventually(self._ready, "the API server is ready")

    def _run(self, *command):
        with self._log(command[0]).open("wb") as log:
            self._children.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))

    def _log(self, program):
        return self.folder / f"{program.name}.log"

    def _ready(self):
        for child in self._children:
            if child.poll() is not None:
                raise AssertionError(f"{child.args[0]} has ended: {self._log(child.args[0]).read_text()[-2000:]}")
        try:
            self.get("/readyz?verbose", raw=True)
            return True
        except (Refused, OSError):
            return False

    def stop(self):
        for child in reversed(self._children):
            child.kill()
            child.wait()
        self._folder.cleanup()

    def request(self, method, path, body=None, content_type="application/json", user=None, raw=False):
        """The answer; `user` is whom the administrator acts for. Waits where the server asks for that."""
        def answer():
            try:
                return [self._request(method, path, body, content_type, user)]
            except Refused as refused:
                if refused.status == _TOO_MANY_REQUESTS:
                    return None
                raise
        [text] = eventually(answer, f"{method} {path} is answered")
        return text if raw else json.loads(text)

    def _request(self, method, path, body, content_type, user):
        request = urllib.request.Request(f"https://127.0.0.1:{_PORT}{path}", method=method)
        request.add_header("Authorization", f"Bearer {_TOKEN}")
        if user:
            request.add_header("Impersonate-User", user)
        if body is not None:
            request.data = (body if isinstance(body, str) else json.dumps(body)).encode()
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode()) from None

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def patch(self, path, body, **options):
        return self.request("PATCH", path, body, content_type="application/merge-patch+json", **options)

    def exists(self, path):
        try:
            self.get(path)
            return True
        except Refused as refused:
            if refused.status == 404:
                return False
            raise

    def group_versions(self):
        """The path of each that is served, only the preferred version of a group."""
        groups = self.get("/apis")["groups"]
        return ["/api/v1"] + [f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups]

    def collection(self, api_version, kind, namespace):
        """Where objects of that kind are made."""
        root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        if root not in self._collections:
            self._collections[root] = {
                resource["kind"]: resource for resource in self.get(root)["resources"] if "/" not in resource["name"]}
        resource = self._collections[root][kind]
        return f"{root}/namespaces/{namespace}/{resource['name']}" if resource["namespaced"] else f"{root}/{resource['name']}"

    def create(self, found, dry_run=False):
        """What comes of the object; a field that the server does not know is an error."""
        metadata = found["metadata"]
        path = self.collection(found["apiVersion"], found["kind"], metadata.get("namespace", "default"))
        return self.request("POST", path + "?fieldValidation=Strict" + ("&dryRun=All" if dry_run else ""), found)

    def inventory(self):
        """(path, namespace, name) of every object that there is, but for Events."""
        found = set()
        for root in self.group_versions():
            for resource in self.get(root)["resources"]:
                if "list" not in resource["verbs"] or resource["name"] == "events":
                    continue
                for item in self.get(f"{root}/{resource['name']}")["items"]:
                    found.add((f"{root}/{resource['name']}", item["metadata"].get("namespace"), item["metadata"]["name"]))
        return found
