// The application of the cluster's tests. gRPC and what it needs have the versions that they have in tests/kubernetes, so
// that they are fetched and compiled once.
module outrigger.dev/tests/cluster/app

go 1.24.0

require google.golang.org/grpc v1.75.0

require (
	golang.org/x/net v0.47.0 // indirect
	golang.org/x/sys v0.38.0 // indirect
	golang.org/x/text v0.31.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20250818200422-3122310a409c // indirect
	google.golang.org/protobuf v1.36.8 // indirect
)
