package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"bellman/configs"
)

// door is one HTTP server with its own address and visitors.
type door struct {
	name   string
	listen net.Listener
	server *http.Server
}

// openDoor listens. What goes wrong is said with the key of the configuration.
func openDoor(name, addr string, files configs.TLS, h http.Handler, log *slog.Logger) (*door, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen.%s: cannot listen on %s: the address is taken or not ours", name, addr)
	}
	d := &door{name: name, listen: l, server: &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(quietHandler{log.Handler()}, slog.LevelDebug),
	}}
	if files.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
		if err != nil {
			_ = l.Close()
			return nil, errors.New("listen.tls: the certificate and its key cannot be read or do not fit each other")
		}
		d.listen = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	}
	return d, nil
}

func (d *door) addr() string { return d.listen.Addr().String() }

func (d *door) serve(wg *sync.WaitGroup) {
	wg.Go(func() { _ = d.server.Serve(d.listen) })
}

func (d *door) close(ctx context.Context) error {
	if err := d.server.Shutdown(ctx); err != nil {
		return errors.Join(err, d.server.Close())
	}
	return nil
}

// quietHandler drops the words of net/http's own log lines, which may quote what
// a stranger sent, and keeps that there was one.
type quietHandler struct{ slog.Handler }

func (h quietHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.Handler.Handle(ctx, slog.NewRecord(r.Time, r.Level, "a connection went wrong", r.PC))
}

// opsHandler is the door of monitoring.
func opsHandler(reg *prometheus.Registry, ready func(context.Context) (missing, warnings []string)) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("alive\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		missing, warnings := ready(r.Context())
		var b strings.Builder
		if len(missing) == 0 {
			b.WriteString("ready\n")
		} else {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		for _, m := range missing {
			b.WriteString("missing: " + m + "\n")
		}
		for _, m := range warnings {
			b.WriteString("warning: " + m + "\n")
		}
		_, _ = w.Write([]byte(b.String()))
	})
	return mux
}
