// echo-server is the upstream of h2spec and of websocket-client. On one port it speaks HTTP/1.1 and, with prior
// knowledge, HTTP/2. It answers GET with a text and POST with what it was sent; its WebSockets are those that
// websocket-client describes. It takes a free port and prints its address.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"github.com/gorilla/websocket"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		// Some cases of h2spec do something wrong to a stream that is still open: an early answer would close it.
		io.Copy(io.Discard, r.Body)
		fmt.Fprintln(w, "hello")
	})
	http.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	http.HandleFunc("GET /websocket/echo", upgraded(echo))
	http.HandleFunc("GET /websocket/close", upgraded(closeFirst))

	server := http.Server{Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	fmt.Println("listening on", listener.Addr())
	log.Fatal(server.Serve(listener))
}

func upgraded(serve func(*websocket.Conn)) http.HandlerFunc {
	upgrader := websocket.Upgrader{WriteBufferSize: 1024} // a longer message goes out in several frames
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // the client has been told
		}
		defer conn.Close()
		serve(conn)
	}
}

func echo(conn *websocket.Conn) {
	for {
		kind, message, err := conn.NextReader()
		if websocket.IsCloseError(err, websocket.CloseAbnormalClosure) {
			conn.WriteMessage(websocket.TextMessage, []byte("your half has ended"))
		}
		if err != nil {
			return
		}
		writer, err := conn.NextWriter(kind)
		if err != nil {
			return
		}
		if _, err := io.Copy(writer, message); err != nil {
			return
		}
		if err := writer.Close(); err != nil {
			return
		}
	}
}

func closeFirst(conn *websocket.Conn) {
	conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4001, "goodbye"))
	conn.ReadMessage()
}
