"""Schemas for kubeconform out of an API server's own description of its types, as the public ones are not at hand."""
import json

LOCATION = "{{.ResourceKind}}{{.KindSuffix}}.json"  # as kubeconform fills it in
_OF_THEIR_OWN = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
}


def write(openapi, folder):
    """A file a kind into the folder, all of which refer to one of all definitions. Unknown fields are not allowed."""
    definitions = openapi["definitions"] | _OF_THEIR_OWN
    for schema in definitions.values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    (folder / "definitions.json").write_text(json.dumps({"definitions": definitions}))
    for name, schema in definitions.items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            group = kind["group"].split(".")[0]
            file = "-".join(part for part in (kind["kind"], group, kind["version"]) if part).lower()
            (folder / f"{file}.json").write_text(json.dumps({"$ref": f"definitions.json#/definitions/{name}"}))
