// Command bench measures Bellman on the machine it runs on, beside asynq doing
// the same job in the same run, on as many reminders: plan them under unique ids
// with their data sealed, then open, word and hand over each with one HTTP post
// through twilio-go. It also measures how many replies a second the public door takes,
// each on the disk before it is answered. Everything is local: a private
// redis-server and the simulated Twilio in a process of its own.
//
// Machines are noisy: read the ratios, not the rates.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
)

// The targets of the first release, as ratios to asynq in the same run.
const (
	wantPlanned = 5.0
	wantSent    = 2.5
	wantBytes   = 300.0
)

func main() {
	debug.SetGCPercent(400)
	if len(os.Args) > 1 && os.Args[1] == "phones" {
		playTwilio()
		return
	}
	rounds := flag.Int("rounds", 5, "how often each is measured, in turn")
	planned := flag.Int("planned", 150_000, "appointments to plan, of two reminders each")
	sent := flag.Int("sent", 40_000, "texts to hand over")
	replies := flag.Int("replies", 6_000, "replies to take, once of free words and once of STOP")
	only := flag.Bool("only-replies", false, "measure nothing but replies")
	profile := flag.String("cpuprofile", "", "write a CPU profile of our own two measurements to this file")
	ledger := flag.Int("ledger", 0, "only walk reminders through the ledger, in batches of this size, and say what Redis pays")
	flag.Parse()
	if *ledger > 0 {
		if err := measureLedger(context.Background(), *sent, *ledger); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if *profile != "" {
		if err := profiled(*profile, *planned, *sent); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	run := bench
	if *only {
		run = benchReplies
	}
	if err := run(context.Background(), sizes{*rounds, *planned, *sent, *replies}); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// figure is one thing measured, once a round.
type figure struct {
	name string
	got  []float64
}

func (f *figure) add(v float64) { f.got = append(f.got, v) }

func (f *figure) median() float64 {
	s := slices.Sorted(slices.Values(f.got))
	return s[len(s)/2]
}

func (f *figure) String() string {
	return fmt.Sprintf("%-44s %12.0f   (%s)", f.name, f.median(), strings.Trim(fmt.Sprintf("%.0f", f.got), "[]"))
}

// sizes say how much is measured.
type sizes struct{ rounds, planned, sent, replies int }

// replyFigures are the two that are measured of replies.
func replyFigures() (words, stops *figure) {
	return &figure{name: "replies of free words, on the disk, replies/s"}, &figure{name: "replies of STOP, obeyed, on the disk, replies/s"}
}

// benchReplies measures replies alone.
func benchReplies(ctx context.Context, n sizes) error {
	words, stops := replyFigures()
	for range n.rounds {
		if err := measureReplies(ctx, n.replies, words, stops); err != nil {
			return err
		}
	}
	fmt.Println(words)
	fmt.Println(stops)
	return nil
}

func bench(ctx context.Context, n sizes) error {
	phones, stop, err := startTwilio()
	if err != nil {
		return err
	}
	defer stop()
	ourPlan, theirPlan := &figure{name: "planned and queued, reminders/s"}, &figure{name: "  asynq, scheduled under unique ids, tasks/s"}
	again := &figure{name: "read again unchanged, reminders/s"}
	ourSend, theirSend := &figure{name: "claimed, worded, sent, written down, texts/s"}, &figure{name: "  asynq, 4 servers of 16, twilio-go, texts/s"}
	plainSend := &figure{name: "  asynq, 1 server of 64, twilio-go, texts/s"}
	bytes, theirBytes := &figure{name: "redis bytes per queued reminder"}, &figure{name: "  asynq, redis bytes per scheduled task"}
	allocs, theirAllocs, plainAllocs := &figure{name: "allocations per text sent"}, &figure{name: "  asynq, allocations per text sent"}, &figure{}
	words, stops := replyFigures()
	for range n.rounds {
		for _, step := range []func() error{
			func() error { return measurePlan(ctx, n.planned, ourPlan, again, bytes) },
			func() error { return measureAsynqPlan(ctx, 2*n.planned, theirPlan, theirBytes) },
			func() error { return measureSend(ctx, n.sent, phones, ourSend, allocs) },
			func() error { return measureAsynqSend(ctx, n.sent, 4, phones, theirSend, theirAllocs) },
			func() error { return measureAsynqSend(ctx, n.sent, 1, phones, plainSend, plainAllocs) },
			func() error { return measureReplies(ctx, n.replies, words, stops) },
		} {
			began := time.Now()
			if err := step(); err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "measured in %s\n", time.Since(began).Round(time.Millisecond))
		}
	}
	for _, f := range []*figure{ourPlan, theirPlan, again, ourSend, theirSend, plainSend, bytes, theirBytes, allocs, theirAllocs, words, stops} {
		fmt.Println(f)
	}
	fmt.Println()
	verdict("planned, times asynq", ratios(ourPlan, theirPlan), wantPlanned, true)
	verdict("sent end to end, times asynq", ratios(ourSend, plainSend), wantSent, true)
	verdict("  times asynq in four servers", ratios(ourSend, theirSend), wantSent, true)
	verdict("redis bytes per reminder", bytes.median(), wantBytes, false)
	return nil
}

// profiled runs our own measurements once under the CPU profiler.
func profiled(path string, planned, sent int) error {
	phones, stop, err := startTwilio()
	if err != nil {
		return err
	}
	defer stop()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer func() { pprof.StopCPUProfile(); _ = f.Close() }()
	m, err := os.Create(path + ".allocs")
	if err != nil {
		return err
	}
	defer func() { _ = pprof.Lookup("allocs").WriteTo(m, 0); _ = m.Close() }()
	a, b, c, d, e := &figure{name: "planned"}, &figure{name: "again"}, &figure{name: "bytes"}, &figure{name: "sent"}, &figure{name: "allocations"}
	ctx := context.Background()
	if planned > 0 {
		if err := measurePlan(ctx, planned, a, b, c); err != nil {
			return err
		}
		fmt.Println(a, b, c)
	}
	if sent > 0 {
		if err := measureSend(ctx, sent, phones, d, e); err != nil {
			return err
		}
		fmt.Println(d, e)
	}
	return nil
}

// ratios gives the median of the rounds' own ratios: what was measured within
// the same minute is compared.
func ratios(a, b *figure) float64 {
	r := &figure{}
	for i := range a.got {
		r.add(a.got[i] / b.got[i])
	}
	return r.median()
}

func verdict(what string, got, want float64, atLeast bool) {
	sign, ok := "at least", got >= want
	if !atLeast {
		sign, ok = "at most", got <= want
	}
	word := "met"
	if !ok {
		word = "MISSED"
	}
	fmt.Printf("%-32s %8.2f   wanted %s %.1f: %s\n", what, got, sign, want, word)
}

// twilioDouble is the simulated Twilio in its own process.
type twilioDouble struct {
	address string
	pid     int
}

// startTwilio runs the simulated Twilio as a process of its own, so that its
// work is not counted as ours.
func startTwilio() (*twilioDouble, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	child := exec.Command(self, "phones")
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := child.Start(); err != nil {
		return nil, nil, err
	}
	var addr string
	if _, err := fmt.Fscanln(out, &addr); err != nil {
		return nil, nil, err
	}
	return &twilioDouble{addr, child.Process.Pid}, func() { _ = child.Process.Kill(); _ = child.Wait() }, nil
}

func realClock() gateway.Clock { return gateway.ClockFunc(time.Now) }

func perSecond(n int, d time.Duration) float64 { return float64(n) / cmp.Or(d.Seconds(), 1e-9) }
