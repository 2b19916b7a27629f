// The custom resources of the prometheus-operator, whose definitions its module has in example/. Nothing of it is compiled.
module outrigger/tests/charts/crds

go 1.24.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
