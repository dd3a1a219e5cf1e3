package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Options says what is broken, and how often.
type Options struct {
	Seed       uint64
	Reminders  int
	Practices  int
	Replicas   int
	Spread     time.Duration
	Kills      int
	RedisKills int
	Tear       int // every so many kills of Redis tear the end of its file; 0: none
	Pauses     int
	Lose       float64
	Quick      bool // two minutes, for the project's own tests
	Program    string
	Keep       string
}

// timing is when things happen in a run, measured from its beginning.
type timing struct {
	rules   [2]time.Duration // before the visit, as the configuration has them
	latest  time.Duration
	first   time.Duration // when the first reminder falls due
	booked  time.Duration // a visit is booked so long before its first reminder
	spread  time.Duration
	pausing time.Duration // longer than a lease
}

func (o Options) timing() timing {
	t := timing{rules: [2]time.Duration{21 * time.Minute, 19 * time.Minute}, latest: 15 * time.Minute, first: 2 * time.Minute, booked: 110 * time.Second, spread: o.Spread, pausing: 50 * time.Second}
	if o.Quick {
		t = timing{rules: [2]time.Duration{17 * time.Minute, 16 * time.Minute}, latest: 15 * time.Minute, first: 35 * time.Second, booked: 30 * time.Second, spread: 15 * time.Second, pausing: 40 * time.Second}
	}
	return t
}

// busy is for how long reminders fall due, and things are broken.
func (t timing) busy() time.Duration { return t.first + t.spread + t.rules[0] - t.rules[1] }

// end is when the last reminder is either with its patient or of no use any more.
func (t timing) end() time.Duration {
	return t.first + t.spread + time.Minute + t.rules[0] - t.latest + 5*time.Second // exports round a visit up to the minute
}

// Run plays one story and judges it.
func Run(ctx context.Context, o Options) (*Report, error) {
	dir := o.Keep
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "bellman-chaos-"); err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if o.Program == "" {
		o.Program = filepath.Join(dir, "bellman")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", o.Program, "bellman/cmd/bellman").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build bellman: %w\n%s", err, out)
		}
	}
	redis := &redisServer{dir: filepath.Join(dir, "redis")}
	if err := redis.start(ctx); err != nil {
		return nil, err
	}
	defer redis.stop()
	w, err := newWorld(o, dir, redis.socket())
	if err != nil {
		return nil, err
	}
	defer w.close()
	replicas, err := startReplicas(ctx, w, o, dir)
	if err != nil {
		return nil, err
	}
	defer replicas.stop()
	if err := replicas.await(ctx, 60*time.Second); err != nil {
		return nil, err
	}
	w.begin()
	progress := time.NewTicker(30 * time.Second)
	defer progress.Stop()
	settled := time.NewTicker(5 * time.Second)
	defer settled.Stop()
	breaking, calm := context.WithTimeout(ctx, w.timing.busy())
	defer calm()
	var work sync.WaitGroup
	work.Go(func() { w.live(ctx) })
	work.Go(func() { redis.follow(breaking) })
	work.Go(func() { replicas.killAtRandom(breaking, rand.New(rand.NewPCG(o.Seed, 1)), o.Kills, w.timing.busy()) })
	work.Go(func() { replicas.pauseAtRandom(breaking, rand.New(rand.NewPCG(o.Seed, 2)), o.Pauses, w.timing) })
	work.Go(func() {
		redis.killAtRandom(breaking, rand.New(rand.NewPCG(o.Seed, 3)), rand.New(rand.NewPCG(o.Seed, 4)), o.RedisKills, o.Tear, w.timing.busy(), replicas.killAll)
	})
	end := time.After(time.Until(w.began.Add(w.timing.end())))
	for over := false; !over; {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-progress.C:
			fmt.Fprintf(os.Stderr, "%s of %s: %d texts taken, %d kills, %d of Redis\n", time.Since(w.began).Round(time.Second), w.timing.end(), len(w.twilio.Taken()), replicas.kills.Load(), redis.kills.Load())
		case <-end:
			over = true
		case <-settled.C:
			over = replicas.failure() != nil || breaking.Err() != nil && replicas.settled(ctx, w.began.Add(w.timing.end()))
		}
	}
	w.stop()
	work.Wait()
	left, err := replicas.ledger(ctx)
	if err != nil {
		return nil, errors.Join(err, errors.New("the ledger could not be read at the end"))
	}
	report := w.judge(left)
	report.Broke = errors.Join(replicas.failure(), redis.failure())
	report.Options, report.Kills, report.RedisKills, report.Pauses = o, int(replicas.kills.Load()), int(redis.kills.Load()), int(replicas.pauses.Load())
	report.Tears = int(redis.tears.Load())
	report.Unexplained, err = replicas.unexplained(ctx)
	report.Took = time.Since(w.began).Round(time.Second)
	return report, err
}
