package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"strings"
	"time"
)

const patience = 5 * time.Second

func tcpClient(args []string) error {
	if len(args) != 2 {
		return errors.New("tcp takes an address and a line")
	}
	connection, err := net.DialTimeout("tcp", args[0], patience)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(patience))
	lines := bufio.NewScanner(connection)
	next := func() (string, error) {
		if lines.Scan() {
			return lines.Text(), nil
		}
		return "", errors.Join(errors.New("the connection has ended"), lines.Err())
	}
	banner, err := next()
	if err != nil {
		return err
	}
	fmt.Fprintf(connection, "%s\n", args[1])
	echo, err := next()
	if err != nil {
		return err
	}
	print(map[string]string{"banner": banner, "echo": echo})
	return nil
}

func udpClient(args []string) error {
	if len(args) != 2 {
		return errors.New("udp takes an address and a line")
	}
	socket, err := net.Dial("udp", args[0])
	if err != nil {
		return err
	}
	defer socket.Close()
	socket.SetDeadline(time.Now().Add(patience))
	if _, err := socket.Write([]byte(args[1])); err != nil {
		return err
	}
	buffer := make([]byte, 64<<10)
	size, err := socket.Read(buffer)
	if err != nil {
		return err
	}
	pod, echo, _ := strings.Cut(string(buffer[:size]), " ")
	print(map[string]string{"pod": pod, "echo": echo})
	return nil
}

func dns(args []string) error {
	flags := flag.NewFlagSet("dns", flag.ExitOnError)
	tcp := flags.Bool("tcp", false, "ask over TCP")
	flags.Parse(args)
	if flags.NArg() != 1 {
		return errors.New("dns takes one name")
	}
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if *tcp {
			network = "tcp"
		}
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, address)
	}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	addresses, err := resolver.LookupHost(ctx, flags.Arg(0))
	if err != nil {
		return err
	}
	print(map[string][]string{"addresses": addresses})
	return nil
}
