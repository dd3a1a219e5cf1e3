// Command chaos breaks Bellman on purpose and counts what patients' phones got.
//
// It runs the real program as several processes on a real Redis, between
// simulated clinical systems whose diaries change and a simulated Twilio that
// loses answers, and kills all of them at random moments. At the end the phones'
// own record is compared with what was owed: a text too many, a lost one and a
// wrong one are each a failure. The same seed gives the same surgeries, changes
// and faults, and the same times between kills.
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
	var o Options
	flag.Uint64Var(&o.Seed, "seed", 1, "what happens by chance follows from it")
	flag.IntVar(&o.Reminders, "reminders", 27_000, "reminders that fall due during the run")
	flag.IntVar(&o.Practices, "practices", 20, "practices that share them")
	flag.IntVar(&o.Replicas, "replicas", 2, "processes of bellman serve")
	flag.DurationVar(&o.Spread, "spread", 4*time.Minute, "within how long the first reminders fall due")
	flag.IntVar(&o.Kills, "kills", 1000, "kill -9 of a replica, at random moments; tries, some of which find it dead already")
	flag.IntVar(&o.RedisKills, "redis-kills", 0, "kill -9 of Redis, at random moments")
	flag.IntVar(&o.Tear, "tear", 0, "every so many kills of Redis take what it wrote last, up to a second's, with them; 0: none")
	flag.IntVar(&o.Pauses, "pauses", 4, "stops of a replica for longer than its lease")
	flag.Float64Var(&o.Lose, "lose", 0.02, "share of the provider's answers that are lost, with and without the text")
	flag.StringVar(&o.Program, "bellman", "", "the program to break; built from the source when empty")
	flag.StringVar(&o.Keep, "keep", "", "leave configuration, logs and the story of what went wrong in this folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := Run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
	fmt.Print(report)
	if !report.Clean() {
		os.Exit(1)
	}
}
