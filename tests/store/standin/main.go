// A server that speaks MongoDB's protocol, for tests: FerretDB, embedded, over a PostgreSQL that the caller started.
// Who may enter is decided by the socket's folder, and on TCP by a client certificate of the authority given.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func options() (ferretdb.Config, bool) {
	config := ferretdb.Config{Handler: "postgresql"}
	flag.StringVar(&config.PostgreSQLURL, "postgres", "", "`URL` of the database in PostgreSQL")
	flag.StringVar(&config.Listener.Unix, "unix", "", "listen on the socket `PATH`; one that was left there is replaced")
	flag.StringVar(&config.Listener.TLS, "tls", "", "listen on `ADDRESS:PORT`; port 0 picks a free one")
	flag.StringVar(&config.Listener.TLSCertFile, "cert", "", "the server's certificate, `FILE`")
	flag.StringVar(&config.Listener.TLSKeyFile, "key", "", "its key, `FILE`")
	flag.StringVar(&config.Listener.TLSCAFile, "ca", "", "clients need a certificate of the authority in `FILE`")
	withParent := flag.Bool("with-parent", false, "end when standard input closes")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unexpected argument %q", flag.Arg(0))
	}
	if config.Listener.TLS != "" && config.Listener.TLSCAFile == "" {
		log.Fatal("--tls without --ca would let everybody in")
	}
	config.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return config, *withParent
}

// Clients of a test that is killed do not close in time, so nothing waits for them.
func endWithInput() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// The library says the address only as a part of a URL.
func address(server *ferretdb.FerretDB) string {
	parsed, err := url.Parse(server.MongoDBURI())
	if err != nil {
		log.Fatal(err)
	}
	return parsed.Host
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("standin: ")
	config, withParent := options()
	if withParent {
		go endWithInput()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if config.Listener.Unix != "" { // left by one that was killed
		if err := os.Remove(config.Listener.Unix); err != nil && !os.IsNotExist(err) {
			log.Fatal(err)
		}
	}
	server, err := ferretdb.New(&config) // when it returns, connections are queued by the kernel
	if err != nil {
		log.Fatal(err)
	}
	if config.Listener.TLS != "" {
		fmt.Printf("listening on %s\n", address(server))
	}
	fmt.Println("ready")
	if err := server.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
