package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bellman/adapters/emis/emissim"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// simulated is an outside system played on this machine.
type simulated struct {
	handler http.Handler
	close   func()
	// lines tell a person how to point Bellman at it.
	lines []string
}

func (c *cli) simulateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "simulate NAME", Short: "Run a simulated outside system as a server: emis, fhir, twilio",
		Long: `Run a simulated clinical system or text provider on this machine until it is
stopped. It behaves like the vendor's, faults included; under /sim/ it shows what
it holds and takes orders (docs/adapters/NAME.md). emis and fhir show an invented
surgery of 40 booked patients. What is printed first is what to write into the
configuration (mode: sim).`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("name one system: emis, fhir or twilio")}
			}
			return nil
		},
	}
	listen := cmd.Flags().String("listen", "127.0.0.1:0", "the address to listen on")
	days := cmd.Flags().Int("days", 3, "emis, fhir: how many days ahead the surgery's day is")
	empty := cmd.Flags().Bool("empty", false, "emis, fhir: begin with an empty diary")
	practice := cmd.Flags().String("webhooks", "", "twilio: where Bellman's public door is, for replies")
	sender := cmd.Flags().String("sender", "+447700900001", "twilio: the practice's sender")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		l, err := net.Listen("tcp", *listen)
		if err != nil {
			return usageError{fmt.Errorf("--listen: cannot listen on %s", *listen)}
		}
		base := "http://" + l.Addr().String()
		clock := gateway.ClockFunc(c.now)
		diary := surgery.New(clock)
		if !*empty {
			surgery.Forty(diary, c.now(), *days)
		}
		var s simulated
		switch args[0] {
		case "emis":
			s = simulateEMIS(diary, clock, base)
		case "fhir":
			s = simulated{handler: fhirsim.New(diary, clock), lines: []string{
				"source: {type: fhir, base_url: " + base + fhirsim.Base + ", auth: none}",
			}}
		case "twilio":
			s = simulateTwilio(clock, base, *practice, *sender)
		default:
			_ = l.Close()
			return usageError{fmt.Errorf("there is no simulator %q: emis, fhir or twilio", args[0])}
		}
		if s.close != nil {
			defer s.close()
		}
		c.say("simulated %s at %s", args[0], base)
		for _, line := range s.lines {
			c.say("  %s", line)
		}
		return serveUntil(cmd.Context(), l, s.handler)
	}
	return cmd
}

// The credentials of the simulated EMIS. They open nothing.
const (
	simClient = "bellman-simulated"
	simSecret = "simulated-secret"
	simParty  = "simulated-application"
)

func simulateEMIS(diary *surgery.Diary, clock gateway.Clock, base string) simulated {
	sim := emissim.New(diary, emissim.Options{
		Clock: clock, ClientID: simClient, ClientSecret: simSecret, ApplicationID: simParty, Organisation: "simulated",
	})
	return simulated{handler: sim, lines: []string{fmt.Sprintf(
		"source: {type: emis, base_url: %s, token_url: %s, client_id: %s, client_secret: %s, application_id: %s}",
		base, base+emissim.TokenPath, simClient, simSecret, simParty,
	)}}
}

func simulateTwilio(clock gateway.Clock, base, webhooks, sender string) simulated {
	sim := twiliosim.New(twiliosim.Options{
		Clock: clock, PerSecond: 10,
		Pace: twiliosim.Pace{Queue: 200 * time.Millisecond, Network: 300 * time.Millisecond, Receipt: 500 * time.Millisecond},
	})
	number := twiliosim.Sender{Number: sender}
	lines := []string{fmt.Sprintf("twilio: {account_sid: %s, auth_token: %s, base_url: %s}", twiliosim.DefaultAccount, twiliosim.DefaultToken, base)}
	if webhooks == "" {
		lines = append(lines, "replies go nowhere: give --webhooks, such as --webhooks http://127.0.0.1:8443")
	} else {
		number.InboundURL = strings.TrimRight(webhooks, "/") + "/twilio/inbound"
		lines = append(lines, "replies go to "+number.InboundURL)
	}
	sim.AddSender(number)
	return simulated{handler: sim, close: sim.Close, lines: lines}
}

// serveUntil serves one handler until ctx ends.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(end); err != nil {
		_ = srv.Close()
	}
	<-done
	return nil
}
