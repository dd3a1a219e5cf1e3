// Command agent is `bellman agent` alone, small and for Windows too: it runs on a
// practice's own PC and carries SystmOne's local socket to the gateway.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"bellman/gateway"
	"bellman/gateway/relay"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bellman-agent:", err)
		os.Exit(2)
	}
}

// run is the agent until ctx ends.
func run(ctx context.Context, args []string) error {
	var gateways list
	var files relay.Files
	flags := flag.NewFlagSet("bellman-agent", flag.ContinueOnError)
	flags.Var(&gateways, "gateway", "host:port of the gateway's listen.agents; may be given again, or several with commas")
	flags.StringVar(&files.Cert, "cert", "agent.crt", "this PC's certificate")
	flags.StringVar(&files.Key, "key", "agent.key", "its key")
	flags.StringVar(&files.CA, "ca", "ca.crt", "the authority's certificate")
	local := flags.String("local", "127.0.0.1:40700", "the socket on this PC")
	logFile := flags.String("log", "", "a file for the log; the screen without")
	if err := flags.Parse(args); err != nil {
		return err
	}
	out := os.Stderr
	if *logFile != "" {
		f, err := os.OpenFile(*logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("--log: the file cannot be written")
		}
		defer func() { _ = f.Close() }()
		out = f
	}
	log := slog.New(slog.NewJSONHandler(out, nil))
	agent, err := relay.AgentFromFiles(files, relay.AgentOptions{Gateways: gateways, Local: *local, Clock: gateway.ClockFunc(time.Now), Log: log})
	if err != nil {
		return err
	}
	agent.Run(ctx)
	return nil
}

// list is a flag that may be given several times.
type list []string

// String gives the values with commas.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set adds values.
func (l *list) Set(s string) error {
	*l = append(*l, strings.Split(s, ",")...)
	return nil
}
