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
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway/message"
)

// on gives asynq the same server as ours.
type on struct{ s *server }

func (o on) MakeRedisClient() any {
	return redis.NewClient(&redis.Options{Network: "unix", Addr: o.s.socket(), PoolSize: 64})
}

// schedule puts n tasks under unique ids into asynq, from 32 goroutines.
func schedule(c *asynq.Client, e envelope, n int, in time.Duration) error {
	feed := diaryOf(n, time.Now().Add(26*time.Hour).Truncate(time.Minute), time.Now())
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
				a := &feed.Appointments[i-1]
				sealed, err := e.seal(a)
				if err == nil {
					_, err = c.Enqueue(asynq.NewTask("send", sealed), asynq.ProcessIn(in), asynq.TaskID(string(a.ID)+"-1d"))
				}
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
	r, err := startRedis(ctx, everySecond)
	if err != nil {
		return err
	}
	defer r.stop()
	c := asynq.NewClient(on{r})
	defer func() { _ = c.Close() }()
	e, err := newEnvelope()
	if err != nil {
		return err
	}
	before := r.memory(ctx)
	began := time.Now()
	if err := schedule(c, e, n, 24*time.Hour); err != nil {
		return err
	}
	planned.add(perSecond(n, time.Since(began)))
	bytes.add((r.memory(ctx) - before) / float64(n))
	return nil
}

// measureAsynqSend has n scheduled tasks fall due and hands each over, 64 at a
// time, checking for due tasks as often as may be: with one server, as asynq's own
// pages start it, or spread over several in one process, of which four is the
// fastest of what was tried.
func measureAsynqSend(ctx context.Context, n, servers int, phones *twilioDouble, sent, allocs *figure) error {
	r, err := startRedis(ctx, everySecond)
	if err != nil {
		return err
	}
	defer r.stop()
	c := asynq.NewClient(on{r})
	defer func() { _ = c.Close() }()
	e, err := newEnvelope()
	if err != nil {
		return err
	}
	if err := schedule(c, e, n, time.Millisecond); err != nil {
		return err
	}
	api := plainTwilio(phones.address)
	var left atomic.Int64
	left.Store(int64(n))
	var first sync.Once
	var began time.Time
	done := make(chan struct{})
	practice := practiceOf("B00000", "1d")
	pen := message.NewPen(practice)
	handle := asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error {
		first.Do(func() { began = time.Now() })
		a, err := e.open(t.Payload())
		if err != nil {
			return err
		}
		text, _, err := pen.Render(a, time.Now())
		if err != nil {
			return err
		}
		p := &openapi.CreateMessageParams{}
		p.SetTo(a.Patient.Mobile.Reveal()).SetFrom(practice.Sender).SetBody(text.Reveal())
		p.SetStatusCallback("http://127.0.0.1:1/twilio/status?r=" + string(a.ID)).SetValidityPeriod(3600)
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
	cpu := spentBy(ctx, r, phones.pid)
	var working []*asynq.Server
	for range servers {
		s := asynq.NewServer(on{r}, asynq.Config{Concurrency: 64 / servers, LogLevel: asynq.FatalLevel, DelayedTaskCheckInterval: 100 * time.Millisecond})
		if err := s.Start(handle); err != nil {
			return err
		}
		working = append(working, s)
	}
	select {
	case <-done:
	case <-time.After(5 * time.Minute):
		err = errors.New("asynq did not finish")
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	for _, s := range working {
		s.Shutdown()
	}
	fmt.Fprintf(os.Stderr, "  asynq, processor time a text, us: %s\n", spentBy(ctx, r, phones.pid).each(cpu, n))
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
	srv := &http.Server{Handler: sim}
	fmt.Println("http://" + l.Addr().String())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() { <-stop; _ = srv.Close() }()
	_ = srv.Serve(l)
}
