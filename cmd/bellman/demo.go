package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/spf13/cobra"

	"bellman/adapters/emis/emissim"
	"bellman/adapters/surgery"
	"bellman/adapters/twilio/twiliosim"
	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/store"
	"bellman/gateway/store/embedded"
)

func (c *cli) demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "demo", Short: "The main job alone on this machine: simulated surgery and phones, real code in between",
		Long: `Run the service on this machine alone: a simulated EMIS surgery and a simulated
Twilio on one side, the same code as serve in between, and one page on which you
watch the diary, the phones and the reasons, answer texts, and move and cancel
appointments. No account, no key and no Redis is needed; a redis-server is used
where one is installed. Everything is thrown away at the end.

--headless runs without the page and ends with a summary.`,
		Args: exactly(0),
	}
	headless := cmd.Flags().Bool("headless", false, "without the page; ends with a summary")
	span := cmd.Flags().Duration("for", 0, "stop after so long (20s); without it, at Ctrl-C")
	listen := cmd.Flags().String("listen", "127.0.0.1:0", "the page's address")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		if *headless && *span == 0 {
			*span = 20 * time.Second
		}
		if *span > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, *span)
			defer cancel()
		}
		return c.demo(ctx, *listen, *headless)
	}
	return cmd
}

// demo is a world on this machine: a surgery, a phone network, and Bellman.
type demo struct {
	*service
	diary    *surgery.Diary
	twilio   *twiliosim.Sim
	clock    gateway.Clock
	practice configs.Practice
}

// The demo's practice. Its sender, like every number in the demo, is one that
// Ofcom keeps for drama.
const (
	demoODS    = gateway.ODS("A81001")
	demoSender = "+447700900001"
)

func (c *cli) demo(ctx context.Context, listen string, headless bool) (err error) {
	dir, err := os.MkdirTemp("", "bellman-demo-")
	if err != nil {
		return fmt.Errorf("a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	logTo, err := os.Create(filepath.Join(dir, "bellman.log"))
	if err != nil {
		return fmt.Errorf("a log for the demo: %w", err)
	}
	defer func() { _ = logTo.Close() }()
	w := &world{clock: gateway.ClockFunc(c.now)}
	defer w.close()
	d, err := newDemo(ctx, w, dir, logTo)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	if err := d.start(ctx); err != nil {
		return err
	}
	if !d.opened.Load() {
		return errors.New("the demo ended before it had begun: give it more time with --for")
	}
	if !headless {
		page, err := openDoor("demo", listen, configs.TLS{}, d.pageHandler(), d.log)
		if err != nil {
			return usageError{err}
		}
		page.serve(&d.work)
		d.later("close the page", page.close)
		c.say("the demo is at  http://%s", page.addr())
		c.say("the console at  http://%s", d.doors["staff"].addr())
		c.say("stop with Ctrl-C")
	}
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return c.showSummary(end, d)
}

// world is what is simulated around Bellman.
type world struct {
	clock  gateway.Clock
	mu     sync.Mutex
	closes []func()
}

func (w *world) later(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closes = append(w.closes, f)
}

func (w *world) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.closes) - 1; i >= 0; i-- {
		w.closes[i]()
	}
	w.closes = nil
}

// host serves a simulated system on a free port of this machine.
func (w *world) host(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("a port for a simulator: %w", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	w.later(func() { _ = srv.Close(); <-done })
	return "http://" + l.Addr().String(), nil
}

// newDemo builds the world and a Bellman that is configured for it, as a file
// would configure it.
func newDemo(ctx context.Context, w *world, dir string, log io.Writer) (*demo, error) {
	d := &demo{diary: surgery.New(w.clock), clock: w.clock}
	d.fill(w.clock.Now())
	emisAt, err := w.host(emissim.New(d.diary, emissim.Options{
		Clock: w.clock, ClientID: simClient, ClientSecret: simSecret, ApplicationID: simParty, Organisation: "simulated",
	}))
	if err != nil {
		return nil, err
	}
	d.twilio = twiliosim.New(twiliosim.Options{
		Clock: w.clock, PerSecond: 50,
		Pace: twiliosim.Pace{Queue: 100 * time.Millisecond, Network: 200 * time.Millisecond, Receipt: 300 * time.Millisecond},
	})
	w.later(d.twilio.Close)
	twilioAt, err := w.host(d.twilio)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	public := fmt.Sprintf("http://127.0.0.1:%d", port)
	d.twilio.AddSender(twiliosim.Sender{Number: demoSender, InboundURL: public + "/twilio/inbound"})
	// As docs/adapters/twilio.md has it: CANCEL is a wish to cancel, and no STOP.
	d.twilio.AddService(twiliosim.Service{SID: "MG" + strings.Repeat("0", 32), Senders: []string{demoSender}, AdvancedOptOut: true})
	redisURL, err := demoRedis(ctx, w, filepath.Join(dir, "redis"))
	if err != nil {
		return nil, err
	}
	if err := store.NewKeyFile(filepath.Join(dir, "bellman.keys")); err != nil {
		return nil, err
	}
	cfg, err := configs.Parse(fmt.Appendf(nil, demoConfig, public, port, redisURL, twiliosim.DefaultAccount, twiliosim.DefaultToken,
		twilioAt, demoODS, demoSender, emisAt, emisAt+emissim.TokenPath, simClient, simSecret, simParty), dir, os.LookupEnv)
	if err != nil {
		return nil, fmt.Errorf("the demo's own configuration: %w", err)
	}
	d.practice = cfg.Practices[0]
	d.service = newService(newApp(cfg, w.clock, newLog(log, slog.LevelInfo)), nil)
	return d, nil
}

// demoConfig is what a clinic's bellman.yaml says, for a surgery that is open day
// and night so that there is something to see.
const demoConfig = `
mode: sim
allow_numbers: ["+447700900*"]
public_url: %s
listen: {public: "127.0.0.1:%d", staff: "127.0.0.1:0", ops: "127.0.0.1:0"}
redis: {url: %q}
twilio: {custom_opt_out_words: true, account_sid: %s, auth_token: %q, base_url: %s, max_per_second: 20, settle: 5s, timeout: 5s}
policy:
  reminders: [{before: 7d}, {before: 1d}]
  window: {days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00", bank_holidays: true}
  first_name: true
  cancel_by_text: true
  cancel: {automatic: true, at_least: 1h}
practices:
  - ods: %s
    name: Riverside Surgery
    phone: "01632 960001"
    nation: england
    sender: %q
    poll: "@every 1s"
    writes: {cancellations: "The demo's practice manager"}
    source: {type: emis, base_url: %s, token_url: %s, client_id: %s, client_secret: %s, application_id: %s}
`

// demoRedis gives a Redis for the demo: an own redis-server where one is
// installed, and otherwise one inside this process that forgets everything.
func demoRedis(ctx context.Context, w *world, dir string) (string, error) {
	server, err := embedded.Start(ctx, dir, embedded.Options{})
	if errors.Is(err, embedded.ErrNotInstalled) {
		mini := miniredis.NewMiniRedis()
		if err := mini.Start(); err != nil {
			return "", fmt.Errorf("redis inside the process: %w", err)
		}
		w.later(mini.Close)
		return "redis://" + mini.Addr(), nil
	}
	if err != nil {
		return "", err
	}
	w.later(func() {
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Stop(end)
	})
	return server.URL(), nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// fill puts an invented surgery into the diary whose reminders fall due within
// the first minutes of the demo, and everybody whom a reminder can go wrong for.
func (d *demo) fill(now time.Time) {
	surgery.Forty(d.diary, now, 3)
	soon := now.In(gateway.London()).Truncate(time.Second)
	for i, p := range d.diary.People()[8:24] {
		days := 1
		if i%4 == 3 {
			days = 7
		}
		after := time.Duration(4+i*2) * time.Second
		if i > 7 {
			after = time.Duration(i-6) * 15 * time.Second
		}
		d.diary.Book(surgery.Visit{Person: p.ID, Start: soon.AddDate(0, 0, days).Add(after).UTC(), Site: 5, Mode: gateway.ModeInPerson})
	}
}

// summary is what a headless demo ends with.
type summary struct {
	Read        int            `json:"read"`
	Planned     int            `json:"planned"`
	Sent        int            `json:"sent"`
	Delivered   int            `json:"delivered"`
	Replies     int            `json:"replies"`
	Withheld    map[string]int `json:"withheld"`
	Unexplained int            `json:"unexplained"`
}

// summarise counts from the ledger and from the phones' own record.
func (d *demo) summarise(ctx context.Context) (summary, error) {
	s := summary{Withheld: map[string]int{}}
	feed, err := d.store.Feed(ctx, demoODS)
	if err != nil {
		return s, err
	}
	s.Read = feed.Read
	kept, err := d.store.Appointments(ctx, demoODS)
	if err != nil {
		return s, err
	}
	for _, k := range kept {
		for _, r := range k.Reminders {
			switch r.State {
			case gateway.Held, gateway.Withdrawn, gateway.Refused:
				s.Withheld[r.Reason.String()]++
				continue
			case gateway.Accepted, gateway.Undelivered:
				s.Sent++
			case gateway.Delivered:
				s.Sent++
				s.Delivered++
			case gateway.Queued, gateway.Claimed, gateway.Sending, gateway.Unknown, gateway.Failed:
			}
			s.Planned++
		}
	}
	replies, err := d.store.Replies(ctx, demoODS)
	if err != nil {
		return s, err
	}
	s.Replies = len(replies)
	s.Unexplained, err = d.store.Unexplained(ctx, demoODS, d.clock.Now())
	return s, err
}

func (c *cli) showSummary(ctx context.Context, d *demo) error {
	s, err := d.summarise(ctx)
	if err != nil {
		return err
	}
	if c.asJSON {
		return c.print(s)
	}
	withheld := 0
	var b bytes.Buffer
	for _, r := range gateway.Reasons() {
		if n := s.Withheld[r.String()]; n > 0 {
			withheld += n
			_, _ = fmt.Fprintf(&b, "  withheld %3d: %s\n", n, r.Words())
		}
	}
	_, _ = c.out.Write(b.Bytes())
	c.say("read %d, planned %d, sent %d, delivered %d, withheld %d", s.Read, s.Planned, s.Sent, s.Delivered, withheld)
	return nil
}
