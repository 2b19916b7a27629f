package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

var pod, _ = os.Hostname()

// answer is what the server says about a request, and what the clients read.
type answer struct {
	Pod      string      `json:"pod"`
	Protocol string      `json:"protocol"`
	Method   string      `json:"method"`
	Host     string      `json:"host"`
	Path     string      `json:"path"`
	Remote   string      `json:"remote"`
	Headers  http.Header `json:"headers"`
}

// respond answers with the JSON of an answer. The query may ask for ?sleep=DURATION before it and for a ?status=CODE.
func respond(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if wanted := query.Get("sleep"); wanted != "" {
		duration, err := time.ParseDuration(wanted)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		select {
		case <-time.After(duration):
		case <-r.Context().Done():
			return
		}
	}
	status := http.StatusOK
	if wanted := query.Get("status"); wanted != "" {
		code, err := strconv.Atoi(wanted)
		if err != nil || code < 200 || code > 599 {
			http.Error(w, "status: 200 to 599", http.StatusBadRequest)
			return
		}
		status = code
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer{pod, r.Proto, r.Method, r.Host, r.URL.Path, r.RemoteAddr, r.Header})
}

// speakFirst sends a banner with the pod's name and then returns line by line what it gets.
func speakFirst(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer connection.Close()
			fmt.Fprintf(connection, "hello from %s\n", pod)
			lines := bufio.NewScanner(connection)
			for lines.Scan() {
				fmt.Fprintf(connection, "%s\n", lines.Text())
			}
		}()
	}
}

func echoDatagrams(socket net.PacketConn) {
	buffer := make([]byte, 64<<10)
	for {
		size, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return
		}
		socket.WriteTo(append([]byte(pod+" "), buffer[:size]...), from)
	}
}

// nameThePod tells in each gRPC answer's headers which pod gave it.
func nameThePod(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	grpc.SetHeader(ctx, metadata.Pairs("pod", pod))
	return handle(ctx, request)
}

func server(args []string) error {
	flags := flag.NewFlagSet("server", flag.ExitOnError)
	httpAddress := flags.String("http", ":8080", "HTTP/1.1 and, by prior knowledge, HTTP/2")
	grpcAddress := flags.String("grpc", ":9000", "gRPC health service")
	tcpAddress := flags.String("tcp", ":7000", "TCP, server first")
	udpAddress := flags.String("udp", ":7001", "UDP echo")
	linger := flags.Duration("linger", 3*time.Second, "how long to go on after SIGTERM: others learn of it later")
	flags.Parse(args)

	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	web := http.Server{Addr: *httpAddress, Handler: http.HandlerFunc(respond), Protocols: &protocols}
	rpc := grpc.NewServer(grpc.UnaryInterceptor(nameThePod))
	grpc_health_v1.RegisterHealthServer(rpc, health.NewServer())
	rpcListener, err := net.Listen("tcp", *grpcAddress)
	if err != nil {
		return err
	}
	tcp, err := net.Listen("tcp", *tcpAddress)
	if err != nil {
		return err
	}
	udp, err := net.ListenPacket("udp", *udpAddress)
	if err != nil {
		return err
	}
	go speakFirst(tcp)
	go echoDatagrams(udp)
	go rpc.Serve(rpcListener)
	stop := terminated()
	go func() {
		if err := web.ListenAndServe(); err != http.ErrServerClosed {
			fail(err)
		}
	}()
	log.Printf("%s serves HTTP at %s, gRPC at %s, TCP at %s, UDP at %s", pod, *httpAddress, *grpcAddress, *tcpAddress,
		*udpAddress)
	<-stop
	time.Sleep(*linger)
	rpc.GracefulStop()
	return web.Shutdown(context.Background())
}
