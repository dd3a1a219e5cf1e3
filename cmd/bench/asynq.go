package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"bellman/adapters/twilio/twiliosim"
)

// on gives asynq the same server as ours.
type on struct{ s *server }

func (o on) MakeRedisClient() any {
	return redis.NewClient(&redis.Options{Network: "unix", Addr: o.s.socket(), PoolSize: 64})
}

// payload is as large as our sealed record.
var payload = []byte(strings.Repeat("p", 250))

// schedule puts n tasks under unique ids into asynq, from 32 goroutines.
func schedule(c *asynq.Client, n int, in time.Duration) error {
	var next atomic.Int64
	errs := make(chan error, 32)
	for range 32 {
		go func() {
			for {
				i := next.Add(1)
				if i > int64(n) {
					errs <- nil
					return
				}
				_, err := c.Enqueue(asynq.NewTask("send", payload), asynq.ProcessIn(in), asynq.TaskID(fmt.Sprintf("88000-%d-1d", i)))
				if err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	var all error
	for range 32 {
		all = errors.Join(all, <-errs)
	}
	return all
}

func measureAsynqPlan(ctx context.Context, n int, planned, bytes *figure) error {
	r, err := startRedis(ctx)
	if err != nil {
		return err
	}
	defer r.stop()
	c := asynq.NewClient(on{r})
	defer func() { _ = c.Close() }()
	before := r.memory(ctx)
	began := time.Now()
	if err := schedule(c, n, 24*time.Hour); err != nil {
		return err
	}
	planned.add(perSecond(n, time.Since(began)))
	bytes.add((r.memory(ctx) - before) / float64(n))
	return nil
}

// measureAsynqSend has n scheduled tasks fall due and hands each over: four
// servers of sixteen, the fastest of what was tried, checking for due tasks as
// often as may be.
func measureAsynqSend(ctx context.Context, n int, phones string, sent, allocs *figure) error {
	r, err := startRedis(ctx)
	if err != nil {
		return err
	}
	defer r.stop()
	c := asynq.NewClient(on{r})
	defer func() { _ = c.Close() }()
	if err := schedule(c, n, time.Millisecond); err != nil {
		return err
	}
	api := plainTwilio(phones)
	var left atomic.Int64
	left.Store(int64(n))
	var first sync.Once
	var began time.Time
	done := make(chan struct{})
	handle := asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		first.Do(func() { began = time.Now() })
		p := &openapi.CreateMessageParams{}
		p.SetTo("+447700900123").SetFrom("+447700900001").SetBody("Riverside Surgery: reminder of your appointment on Tuesday 3 March at 9:10am. If you cannot come, ring 01632 960001. Reply STOP to stop these texts.")
		p.SetStatusCallback("http://127.0.0.1:1/twilio/status?r=88000").SetValidityPeriod(3600)
		if _, err := api.CreateMessage(p); err != nil {
			return err
		}
		if left.Add(-1) == 0 {
			close(done)
		}
		return nil
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var servers []*asynq.Server
	for range 4 {
		s := asynq.NewServer(on{r}, asynq.Config{Concurrency: 16, LogLevel: asynq.FatalLevel, DelayedTaskCheckInterval: 100 * time.Millisecond})
		if err := s.Start(handle); err != nil {
			return err
		}
		servers = append(servers, s)
	}
	select {
	case <-done:
	case <-time.After(5 * time.Minute):
		err = errors.New("asynq did not finish")
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	for _, s := range servers {
		s.Shutdown()
	}
	sent.add(perSecond(n, took))
	allocs.add(float64(after.Mallocs-before.Mallocs) / float64(n))
	return err
}

// plainTwilio is twilio-go as its users have it, with enough idle connections.
func plainTwilio(phones string) *openapi.ApiService {
	to, err := url.Parse(phones)
	if err != nil {
		panic(err)
	}
	cl := &client.Client{
		Credentials: client.NewCredentials(twiliosim.DefaultAccount, twiliosim.DefaultToken),
		HTTPClient: &http.Client{Timeout: 10 * time.Second, Transport: elsewhere{to, &http.Transport{
			MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64, DisableCompression: true,
		}}},
	}
	cl.SetAccountSid(twiliosim.DefaultAccount)
	return openapi.NewApiService(client.NewRequestHandler(cl))
}

// elsewhere sends every request to the simulator.
type elsewhere struct {
	to   *url.URL
	next http.RoundTripper
}

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = e.to.Scheme, e.to.Host
	return e.next.RoundTrip(r)
}

// playTwilio is the process that plays Twilio, until it is killed.
func playTwilio() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	// Receipts are not part of this measurement: they stay far ahead.
	sim := twiliosim.New(twiliosim.Options{Clock: realClock(), Manual: true, Pace: twiliosim.Pace{Queue: time.Hour}})
	sim.AddSender(twiliosim.Sender{Number: "+447700900001"})
	srv := &http.Server{Handler: sim, ReadHeaderTimeout: 5 * time.Second}
	fmt.Println("http://" + l.Addr().String())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() { <-stop; _ = srv.Close() }()
	_ = srv.Serve(l)
}
