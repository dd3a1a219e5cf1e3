package twilio_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

func TestWhatNeverLeftMayBeTriedLater(t *testing.T) {
	refused := httptest.NewServer(http.NotFoundHandler())
	refused.Close()
	stranger := httptest.NewTLSServer(http.NotFoundHandler()) // a certificate that nobody trusts
	t.Cleanup(stranger.Close)
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never shakes hands
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	rows := map[string]string{
		"refused":                       refused.URL,
		"no such host":                  "http://twilio.invalid",
		"a certificate not trusted":     stranger.URL,
		"a handshake that never ends":   "https://" + mute.Addr().String(),
		"not a secure server after all": "https://" + strings.TrimPrefix(refused.URL, "http://"),
	}
	for name, base := range rows {
		t.Run(name, func(t *testing.T) {
			p := provider(t, config(base))
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := p.Send(ctx, outgoing(t))
			want := gateway.SendError{Class: gateway.TryLater, Reason: gateway.NetworkTransient}
			if got := failureOf(t, err); *got != want {
				t.Errorf("got %+v, want %+v", *got, want)
			}
		})
	}
}

func TestASendThatWasStoppedBeforeItBeganNeverLeft(t *testing.T) {
	p, sim := network(t, twiliosim.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Send(ctx, outgoing(t))
	if got := failureOf(t, err); got.Class != gateway.TryLater {
		t.Errorf("got %s, want try_later", got.Class)
	}
	if n := sim.Counts().Requests; n != 0 {
		t.Errorf("%d requests left", n)
	}
}

func TestASendThatIsStoppedWhileWaitingIsUncertainAndEndsAtOnce(t *testing.T) {
	p, sim := network(t, twiliosim.Options{})
	if err := sim.Script(twiliosim.TakenHung); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	_, err := p.Send(ctx, outgoing(t))
	if got := failureOf(t, err); got.Class != gateway.Uncertain {
		t.Errorf("got %s, want uncertain", got.Class)
	}
	if waited := time.Since(began); waited > 2*time.Second {
		t.Errorf("it took %s to stop", waited)
	}
}

func TestTheConfiguredTimeoutEndsASend(t *testing.T) {
	sim := twiliosim.New(twiliosim.Options{Clock: wall, Manual: true})
	t.Cleanup(sim.Close)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	c := config(server.URL)
	c.Timeout = 50 * time.Millisecond
	if err := sim.Script(twiliosim.TakenHung); err != nil {
		t.Fatal(err)
	}
	_, err := provider(t, c).Send(t.Context(), outgoing(t))
	if got := failureOf(t, err); got.Class != gateway.Uncertain {
		t.Errorf("got %s, want uncertain", got.Class)
	}
}

// TestADeadConnectionNeverSendsTwice lets the server close idle connections
// under a provider that still holds them.
func TestADeadConnectionNeverSendsTwice(t *testing.T) {
	p, sim := network(t, twiliosim.Options{})
	want := 0
	for i := range 40 {
		m := outgoing(t)
		m.To = gateway.NewPhone(fmt.Sprintf("+447700900%03d", 200+i))
		fault := twiliosim.Fault("")
		if i%2 == 1 {
			fault = twiliosim.TakenClosed
		}
		if err := sim.Script(fault); err != nil {
			t.Fatal(err)
		}
		_, _ = p.Send(t.Context(), m)
		want++
		if got := len(sim.Phone(m.To.Reveal())); got != 1 {
			t.Fatalf("number %d got %d texts, want 1", i, got)
		}
	}
	if got := sim.Counts().Requests; got != uint64(want) {
		t.Errorf("%d requests for %d sends", got, want)
	}
}

// TestErrorsKeepFewConnections reproduces twilio-go's leak, which leaves one
// connection open for every error answer that comes in chunks.
func TestErrorsKeepFewConnections(t *testing.T) {
	sim := twiliosim.New(twiliosim.Options{Clock: wall, Manual: true})
	t.Cleanup(sim.Close)
	if err := sim.SetRates(map[twiliosim.Fault]float64{twiliosim.Unavailable: 1}); err != nil {
		t.Fatal(err)
	}
	small := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_ = http.NewResponseController(w).Flush() // from here on in chunks
		_, _ = w.Write([]byte("<html>sorry</html>"))
	})
	rows := []struct {
		name          string
		server        http.Handler
		opened, still int64
	}{
		{"a small page is read to its end, and its connection used again", small, 2, 2},
		{"a large page costs its connection, which is closed", sim, 300, 2},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var opened, still atomic.Int64
			server := httptest.NewUnstartedServer(row.server)
			server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
				switch s {
				case http.StateNew:
					opened.Add(1)
					still.Add(1)
				case http.StateClosed, http.StateHijacked:
					still.Add(-1)
				case http.StateActive, http.StateIdle:
				}
			}
			server.Start()
			t.Cleanup(server.Close)
			p := provider(t, config(server.URL))
			for range 300 {
				_, err := p.Send(t.Context(), outgoing(t))
				if got := failureOf(t, err); got.Class != gateway.Uncertain {
					t.Fatalf("got %s, want uncertain", got.Class)
				}
			}
			for end := time.Now().Add(5 * time.Second); still.Load() > row.still && time.Now().Before(end); {
				time.Sleep(5 * time.Millisecond) // the server hears of a closed connection a little later
			}
			if opened.Load() > row.opened || still.Load() > row.still {
				t.Errorf("300 errors opened %d connections, %d are still open", opened.Load(), still.Load())
			}
		})
	}
}
