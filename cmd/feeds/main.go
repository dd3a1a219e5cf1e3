// Command feeds reads the diaries of a whole country's practices from one machine
// and says what that costs. The real service runs as a process of its own with one
// configuration of thousands of practices; their clinical systems are simulated in
// another. Every visit lies too far ahead for a text, so that reading is all there
// is to do.
//
// Of the practices 55 in 100 have EMIS, 40 SystmOne (one question a second, one
// socket each), 5 a FHIR server, about as it is in England.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "world" {
		playWorld()
		return
	}
	practices := flag.Int("practices", 6200, "how many practices")
	visits := flag.Int("visits", 20, "visits in each diary")
	poll := flag.Int("poll", 15, "minutes between two reads of a practice; must divide 60")
	rounds := flag.Int("rounds", 2, "for how many times that long")
	program := flag.String("bellman", "bin/bellman", "the program")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, load{*practices, *visits, time.Duration(*poll) * time.Minute, *rounds, *program}); err != nil {
		fmt.Fprintln(os.Stderr, "feeds:", err)
		os.Exit(1)
	}
}

// load is what is to be read.
type load struct {
	practices, visits int
	poll              time.Duration
	rounds            int
	program           string
}

// system gives the clinical system of the n-th practice.
func system(n int) string {
	switch {
	case n%20 == 0:
		return "fhir"
	case n%20 <= 8:
		return "tpp"
	}
	return "emis"
}

func code(n int) string { return fmt.Sprintf("P%05d", n) }
