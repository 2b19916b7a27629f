// The application of the cluster's tests, and their client: one static program, run in pods that have nothing else.
// It prints JSON; a test runs it in a pod by `kubectl exec POD -- /app ...`.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const usage = `usage: app MODE
  (none)                     holds a pod's namespaces until SIGTERM
  sleep DURATION
  server [FLAG...]           HTTP/1.1 and HTTP/2 in the clear, gRPC health, TCP that speaks first, UDP that echoes
  fetch [FLAG...] URL        many requests; their counts, by status, pod and error
  first URL                  one request, at once; exit status 1 unless it is answered with 2xx
  grpc [FLAG...] ADDRESS     many health checks over one connection; their counts
  tcp ADDRESS LINE           the banner that comes first, then the echo of LINE
  udp ADDRESS LINE           the echo of LINE
  dns [-tcp] NAME            the addresses of NAME
-h after a mode tells its flags.
`

func fail(err error) {
	fmt.Fprintln(os.Stderr, "app:", err)
	os.Exit(1)
}

func print(value any) {
	text, err := json.Marshal(value)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(text))
}

// terminated is closed, or receives, once the pod is to end.
func terminated() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	return signals
}

func sleep(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("sleep takes one duration")
	}
	duration, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	select {
	case <-time.After(duration):
	case <-terminated():
	}
	return nil
}

func main() {
	if len(os.Args) == 1 {
		<-terminated()
		return
	}
	modes := map[string]func([]string) error{
		"sleep": sleep, "server": server, "fetch": fetch, "first": first,
		"grpc": grpcClient, "tcp": tcpClient, "udp": udpClient, "dns": dns,
	}
	mode, known := modes[os.Args[1]]
	if !known {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := mode(os.Args[2:]); err != nil {
		fail(err)
	}
}
