package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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

// staged is what a simulator is made from.
type staged struct {
	clock gateway.Clock
	diary *surgery.Diary
	base  string // where its handler will answer, "http://127.0.0.1:8001"
	flags simulateFlags
}

// simulateFlags are what a person may say about a simulation.
type simulateFlags struct {
	webhooks, sender string // twilio
	dir              string // of systems that drop files
	to               string // of systems that send by themselves
}

// folder gives the one into which a system drops files, and makes it if need be.
func (st staged) folder() (string, error) {
	if st.flags.dir == "" {
		return "", errors.New("--dir is missing: the folder into which files are dropped")
	}
	dir, err := filepath.Abs(st.flags.dir)
	if err != nil {
		return "", errors.New("--dir is not a folder")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", errors.New("--dir: the folder cannot be made")
	}
	return dir, nil
}

// simulators are the systems that can be simulated, by name.
var simulators = map[string]func(staged) (simulated, error){
	"cliniko": simulateCliniko,
	"emis":    simulateEMIS,
	"fhir":    simulateFHIR(fhirsim.R4, "auth: none"),
	"files":   simulateFiles,
	"hl7":     simulateHL7,
	"pds":     simulatePDS,
	"tpp":     simulateTPP,
	"twilio":  simulateTwilio,

	"emis-extract": simulateEMISExtract,
	"tpp-extract":  simulateTPPExtract,

	"fhir-stu3":       simulateFHIR(fhirsim.STU3, "auth: none"),
	"fhir-millennium": simulateFHIR(fhirsim.Millennium, "auth: none, server: millennium, locations: ['5']"),

	"gpconnect": simulateGPConnect,
}

func (c *cli) simulateCommand() *cobra.Command {
	names := strings.Join(slices.Sorted(maps.Keys(simulators)), ", ")
	cmd := &cobra.Command{
		Use: "simulate NAME", Short: "Run a simulated outside system as a server: " + names,
		Long: `Run a simulated clinical system or text provider on this machine until it is
stopped. It behaves like the vendor's, faults included; under /sim/ it shows what
it holds and takes orders (docs/adapters/NAME.md). A clinical system shows an
invented surgery of 40 booked patients. What is printed first is what to write
into the configuration (mode: sim). There are: ` + names + `.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("name one system of " + names)}
			}
			if simulators[args[0]] == nil {
				return usageError{fmt.Errorf("there is no simulator %q: name one of %s", args[0], names)}
			}
			return nil
		},
	}
	var flags simulateFlags
	listen := cmd.Flags().String("listen", "127.0.0.1:0", "the address to listen on")
	days := cmd.Flags().Int("days", 3, "clinical systems: how many days ahead the surgery's day is")
	empty := cmd.Flags().Bool("empty", false, "clinical systems: begin with an empty diary")
	cmd.Flags().StringVar(&flags.webhooks, "webhooks", "", "twilio: where Bellman's public door is, for replies")
	cmd.Flags().StringVar(&flags.sender, "sender", "+447700900001", "twilio: the practice's sender")
	cmd.Flags().StringVar(&flags.to, "to", "", "systems that send by themselves: to which address")
	cmd.Flags().StringVar(&flags.dir, "dir", "", "systems that drop files: into which folder")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		l, err := net.Listen("tcp", *listen)
		if err != nil {
			return usageError{fmt.Errorf("--listen: cannot listen on %s", *listen)}
		}
		clock := gateway.ClockFunc(c.now)
		diary := surgery.New(clock)
		if !*empty {
			surgery.Forty(diary, c.now(), *days)
		}
		st := staged{clock: clock, diary: diary, base: "http://" + l.Addr().String(), flags: flags}
		s, err := simulators[args[0]](st)
		if err != nil {
			_ = l.Close()
			return usageError{err}
		}
		if s.close != nil {
			defer s.close()
		}
		c.say("simulated %s at %s", args[0], st.base)
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

func simulateEMIS(st staged) (simulated, error) {
	sim := emissim.New(st.diary, emissim.Options{
		Clock: st.clock, ClientID: simClient, ClientSecret: simSecret, ApplicationID: simParty, Organisation: "simulated",
	})
	return simulated{handler: sim, lines: []string{fmt.Sprintf(
		"source: {type: emis, base_url: %s, token_url: %s, client_id: %s, client_secret: %s, application_id: %s}",
		st.base, st.base+emissim.TokenPath, simClient, simSecret, simParty,
	)}}, nil
}

func simulateTwilio(st staged) (simulated, error) {
	sim := twiliosim.New(twiliosim.Options{
		Clock: st.clock, PerSecond: 10,
		Pace: twiliosim.Pace{Queue: 200 * time.Millisecond, Network: 300 * time.Millisecond, Receipt: 500 * time.Millisecond},
	})
	number := twiliosim.Sender{Number: st.flags.sender}
	lines := []string{fmt.Sprintf("twilio: {account_sid: %s, auth_token: %s, base_url: %s}", twiliosim.DefaultAccount, twiliosim.DefaultToken, st.base)}
	if st.flags.webhooks == "" {
		lines = append(lines, "replies go nowhere: give --webhooks, such as --webhooks http://127.0.0.1:8443")
	} else {
		number.InboundURL = strings.TrimRight(st.flags.webhooks, "/") + "/twilio/inbound"
		lines = append(lines, "replies go to "+number.InboundURL)
	}
	sim.AddSender(number)
	return simulated{handler: sim, close: sim.Close, lines: lines}, nil
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
