// websocket-client checks the WebSockets of the echo-server at the address it is given, or of a proxy before it:
// /websocket/echo sends every message back, and "your half has ended" when the client's half of the connection ends
// without a close frame; /websocket/close closes with code 4001 at once. Prints a line for each case, and exits with
// status 1 when one has failed.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

var host string

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: websocket-client HOST:PORT")
		os.Exit(2)
	}
	host = os.Args[1]
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	large := bytes.Repeat(everyByte, 4096) // 1 MiB
	status := 0
	for _, c := range []struct {
		name  string
		check func() error
	}{
		{"text", echoed(websocket.TextMessage, []byte("grüß dich"), 4096)},
		{"binary", echoed(websocket.BinaryMessage, everyByte, 4096)},
		{"empty", echoed(websocket.BinaryMessage, nil, 4096)},
		{"fragmented text", echoed(websocket.TextMessage, bytes.Repeat([]byte("fragment"), 100), 8)},
		{"fragmented binary", echoed(websocket.BinaryMessage, everyByte, 1)},
		{"1 MiB in one frame", echoed(websocket.BinaryMessage, large, 2*len(large))},
		{"1 MiB in 1024 frames", echoed(websocket.BinaryMessage, large, 1024)},
		{"ping between messages", pingBetweenMessages},
		{"ping between fragments", pingBetweenFragments},
		{"close 1000", closed(websocket.CloseNormalClosure)},
		{"close 1001", closed(websocket.CloseGoingAway)},
		{"close 4999", closed(4999)},
		{"close by the server", closedByServer},
		{"half-close", halfClosed},
		{"refused upgrade", refused},
	} {
		if err := c.check(); err != nil {
			fmt.Printf("FAILED %s: %v\n", c.name, err)
			status = 1
		} else {
			fmt.Println("passed", c.name)
		}
	}
	os.Exit(status)
}

func dial(path string, frameSize int) (*websocket.Conn, error) {
	dialer := websocket.Dialer{WriteBufferSize: frameSize, HandshakeTimeout: 30 * time.Second}
	conn, response, err := dialer.Dial("ws://"+host+path, nil)
	if err != nil {
		if response != nil {
			err = fmt.Errorf("%w: %s", err, response.Status)
		}
		return nil, err
	}
	return conn, conn.NetConn().SetDeadline(time.Now().Add(30 * time.Second))
}

// expect reads one message.
func expect(conn *websocket.Conn, kind int, message []byte) error {
	gotKind, got, err := conn.ReadMessage()
	if err != nil {
		return err
	}
	if gotKind != kind || !bytes.Equal(got, message) {
		return fmt.Errorf("got a message of type %d with %d bytes, want type %d with %d bytes, or other bytes",
			gotKind, len(got), kind, len(message))
	}
	return nil
}

// expectClose reads the peer's close frame and nothing after it.
func expectClose(conn *websocket.Conn, code int, reason string) error {
	_, _, err := conn.ReadMessage()
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != code || closed.Text != reason {
		return fmt.Errorf("got %v, want close %d %q", err, code, reason)
	}
	return expectEnd(conn)
}

// expectEnd reads the end of the connection itself, below WebSocket.
func expectEnd(conn *websocket.Conn) error {
	if n, err := conn.NetConn().Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return fmt.Errorf("got %d bytes and error %v where the connection should end", n, err)
	}
	return nil
}

func echoed(kind int, message []byte, frameSize int) func() error {
	return func() error {
		conn, err := dial("/websocket/echo", frameSize)
		if err != nil {
			return err
		}
		defer conn.Close()
		sent := make(chan error, 1)
		go func() {
			writer, err := conn.NextWriter(kind)
			if err == nil {
				_, err = writer.Write(message)
			}
			if err == nil {
				err = writer.Close()
			}
			sent <- err
		}()
		return errors.Join(expect(conn, kind, message), <-sent)
	}
}

// countPongs counts those that carry what.
func countPongs(conn *websocket.Conn, what string) *int {
	count := new(int)
	conn.SetPongHandler(func(data string) error {
		if data != what {
			return fmt.Errorf("got pong %q, want %q", data, what)
		}
		*count++
		return nil
	})
	return count
}

func pingBetweenMessages() error {
	conn, err := dial("/websocket/echo", 4096)
	if err != nil {
		return err
	}
	defer conn.Close()
	pongs := countPongs(conn, "are you there")
	for i := range 3 {
		message := []byte{byte(i)}
		err := errors.Join(conn.WriteMessage(websocket.PingMessage, []byte("are you there")),
			conn.WriteMessage(websocket.BinaryMessage, message),
			expect(conn, websocket.BinaryMessage, message)) // the pong comes first
		if err != nil {
			return err
		}
	}
	if *pongs != 3 {
		return fmt.Errorf("got %d pongs, want 3", *pongs)
	}
	return nil
}

func pingBetweenFragments() error {
	conn, err := dial("/websocket/echo", 2)
	if err != nil {
		return err
	}
	defer conn.Close()
	pongs := countPongs(conn, "in between")
	writer, err := conn.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	_, first := writer.Write([]byte("first")) // two frames go out, the last byte waits
	ping := conn.WriteControl(websocket.PingMessage, []byte("in between"), time.Time{})
	_, second := writer.Write([]byte("second"))
	err = errors.Join(first, ping, second, writer.Close(), expect(conn, websocket.TextMessage, []byte("firstsecond")))
	if err == nil && *pongs != 1 {
		err = fmt.Errorf("got %d pongs, want 1", *pongs)
	}
	return err
}

func closed(code int) func() error {
	return func() error {
		conn, err := dial("/websocket/echo", 4096)
		if err != nil {
			return err
		}
		defer conn.Close()
		message := websocket.FormatCloseMessage(code, "done")
		// The echo-server answers with the code alone.
		return errors.Join(conn.WriteMessage(websocket.CloseMessage, message), expectClose(conn, code, ""))
	}
}

func closedByServer() error {
	conn, err := dial("/websocket/close", 4096)
	if err != nil {
		return err
	}
	defer conn.Close()
	return expectClose(conn, 4001, "goodbye")
}

func halfClosed() error {
	conn, err := dial("/websocket/echo", 4096)
	if err != nil {
		return err
	}
	defer conn.Close()
	text := []byte("the last one")
	return errors.Join(conn.WriteMessage(websocket.TextMessage, text), conn.NetConn().(*net.TCPConn).CloseWrite(),
		expect(conn, websocket.TextMessage, text),
		expect(conn, websocket.TextMessage, []byte("your half has ended")), expectEnd(conn))
}

// refused asks a page for a WebSocket.
func refused() error {
	_, response, err := websocket.DefaultDialer.Dial("ws://"+host+"/", nil)
	if !errors.Is(err, websocket.ErrBadHandshake) || response.StatusCode != http.StatusOK {
		return fmt.Errorf("got %v, want an answer that does not upgrade", err)
	}
	return nil
}
