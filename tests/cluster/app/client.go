package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

// counts is what many requests came to.
type counts struct {
	Requests int            `json:"requests"`
	Statuses map[string]int `json:"statuses"`
	Pods     map[string]int `json:"pods"`
	Errors   map[string]int `json:"errors"`
	P50Ms    float64        `json:"p50_ms"`
	P99Ms    float64        `json:"p99_ms"`
	Last     any            `json:"last,omitempty"`

	mutex     sync.Mutex
	latencies []time.Duration
}

func newCounts() *counts {
	return &counts{Statuses: map[string]int{}, Pods: map[string]int{}, Errors: map[string]int{}}
}

func (c *counts) add(status, pod string, err error, latency time.Duration, last any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.Requests++
	c.latencies = append(c.latencies, latency)
	if err != nil {
		c.Errors[err.Error()]++
		return
	}
	c.Statuses[status]++
	c.Pods[pod]++
	c.Last = last
}

func (c *counts) print() {
	sort.Slice(c.latencies, func(i, j int) bool { return c.latencies[i] < c.latencies[j] })
	if n := len(c.latencies); n > 0 {
		c.P50Ms = float64(c.latencies[n/2].Microseconds()) / 1000
		c.P99Ms = float64(c.latencies[n*99/100].Microseconds()) / 1000
	}
	print(c)
}

// pace is how many requests there are, how fast, how many at a time.
type pace struct {
	count       *int
	rate        *float64
	duration    *time.Duration
	concurrency *int
	timeout     *time.Duration
}

func paceFlags(flags *flag.FlagSet) pace {
	return pace{
		count:       flags.Int("n", 1, "how many requests; 0: as many as fit into -for, or come before standard input ends"),
		rate:        flags.Float64("rate", 0, "how many a second; 0: as fast as they are answered"),
		duration:    flags.Duration("for", 0, "for how long, at most; 0: there is no such limit"),
		concurrency: flags.Int("c", 1, "how many at a time"),
		timeout:     flags.Duration("timeout", 10*time.Second, "of each"),
	}
}

// end is when there are to be no more requests, however many there have been; nil: that alone decides.
func (p pace) end() <-chan struct{} {
	if *p.count > 0 && *p.duration == 0 {
		return nil
	}
	end := make(chan struct{})
	go func() {
		defer close(end)
		if *p.duration > 0 {
			time.Sleep(*p.duration)
		} else {
			io.Copy(io.Discard, os.Stdin)
		}
	}()
	return end
}

// run calls request as often as wanted. The rate is that of the calls' starts; one that finds all callers busy is late.
func (p pace) run(request func(ctx context.Context)) {
	turns := make(chan struct{})
	go func() {
		defer close(turns)
		begin := time.Now()
		end := p.end()
		for i := 0; *p.count == 0 || i < *p.count; i++ {
			if *p.rate > 0 {
				time.Sleep(time.Until(begin.Add(time.Duration(float64(i) / *p.rate * float64(time.Second)))))
			}
			select {
			case turns <- struct{}{}:
			case <-end:
				return
			}
		}
	}()
	var callers sync.WaitGroup
	for range *p.concurrency {
		callers.Add(1)
		go func() {
			defer callers.Done()
			for range turns {
				ctx, cancel := context.WithTimeout(context.Background(), *p.timeout)
				request(ctx)
				cancel()
			}
		}()
	}
	callers.Wait()
}

// plain makes of errors that differ in ports alone the same text, and leaves away the URL.
func plain(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

func get(ctx context.Context, client *http.Client, url string, headers http.Header) (int, answer, error) {
	var got answer
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, got, err
	}
	request.Header = headers.Clone()
	if host := headers.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, got, plain(err)
	}
	defer response.Body.Close()
	// Not every answer is the server's: one of a proxy names no pod.
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil && response.StatusCode < 400 {
		return 0, got, fmt.Errorf("status %d with a body that is no answer of the server: %w", response.StatusCode, err)
	}
	return response.StatusCode, got, nil
}

type headerFlag struct{ headers http.Header }

func (h headerFlag) String() string { return "" }
func (h headerFlag) Set(text string) error {
	name, value, found := strings.Cut(text, ":")
	if !found {
		return errors.New("a header is NAME: VALUE")
	}
	h.headers.Add(name, strings.TrimSpace(value))
	return nil
}

func fetch(args []string) error {
	flags := flag.NewFlagSet("fetch", flag.ExitOnError)
	pace := paceFlags(flags)
	http2 := flags.Bool("http2", false, "HTTP/2 by prior knowledge: all requests over one connection, -c streams at a time")
	anew := flags.Bool("anew", false, "a new connection for each request")
	headers := http.Header{}
	flags.Var(headerFlag{headers}, "header", "NAME: VALUE; may be repeated")
	flags.Parse(args)
	if flags.NArg() != 1 {
		return errors.New("fetch takes one URL")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = *pace.concurrency
	transport.DisableKeepAlives = *anew
	if *http2 {
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	client := &http.Client{Transport: transport}
	counts := newCounts()
	request := func(ctx context.Context) {
		begin := time.Now()
		status, got, err := get(ctx, client, flags.Arg(0), headers)
		counts.add(strconv.Itoa(status), got.Pod, err, time.Since(begin), got)
	}
	// Requests that found no connection yet would open one each.
	var connect sync.Once
	pace.run(func(ctx context.Context) {
		connected := true
		if *http2 {
			connect.Do(func() {
				connected = false
				request(ctx)
			})
		}
		if connected {
			request(ctx)
		}
	})
	counts.print()
	return nil
}

func first(args []string) error {
	if len(args) != 1 {
		return errors.New("first takes one URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	status, got, err := get(ctx, http.DefaultClient, args[0], http.Header{})
	if err != nil {
		return err
	}
	print(got)
	if status/100 != 2 {
		return fmt.Errorf("status %d", status)
	}
	return nil
}

func grpcClient(args []string) error {
	flags := flag.NewFlagSet("grpc", flag.ExitOnError)
	pace := paceFlags(flags)
	flags.Parse(args)
	if flags.NArg() != 1 {
		return errors.New("grpc takes one address")
	}
	connection, err := grpc.NewClient("passthrough:///"+flags.Arg(0),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	health := grpc_health_v1.NewHealthClient(connection)
	counts := newCounts()
	pace.run(func(ctx context.Context) {
		var header metadata.MD
		begin := time.Now()
		got, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.Header(&header))
		counts.add(got.GetStatus().String(), strings.Join(header.Get("pod"), ","), err, time.Since(begin), nil)
	})
	counts.print()
	return nil
}
