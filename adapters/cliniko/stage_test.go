package cliniko_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/cliniko"
	"bellman/adapters/cliniko/clinikosim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// A made-up key, in letters that no error of ours would hold by chance.
const (
	apiKey    = "XQCLINIKOKEY9J3-uk1"
	userAgent = "Riverside Clinic (it@riverside.example)"
)

// monday is an ordinary working morning in winter.
var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// stage is an adapter joined over real HTTP to a simulator that shows a diary.
type stage struct {
	clock   *gatewaytest.Clock
	diary   *surgery.Diary
	sim     *clinikosim.Sim
	shelf   *gatewaytest.Shelf
	adapter *cliniko.Adapter
	asked   gatewaytest.Requests
	span    gateway.Span
	config  cliniko.Config
}

// play sets a stage; edit and wrap may be nil, wrap stands between the two.
func play(t *testing.T, edit func(*cliniko.Config), wrap func(http.Handler) http.Handler) *stage {
	t.Helper()
	return playFrom(t, monday, edit, wrap)
}

func playFrom(t *testing.T, now time.Time, edit func(*cliniko.Config), wrap func(http.Handler) http.Handler) *stage {
	t.Helper()
	s := &stage{clock: gatewaytest.NewClock(now), shelf: gatewaytest.NewShelf()}
	s.span = gateway.Span{From: now, To: now.AddDate(0, 0, 14)}
	s.diary = surgery.New(s.clock)
	s.sim = clinikosim.New(s.diary, clinikosim.Options{Clock: s.clock, Key: apiKey})
	var h http.Handler = s.sim
	if wrap != nil {
		h = wrap(h)
	}
	server := httptest.NewServer(s.asked.Note(h))
	t.Cleanup(server.Close)
	s.config = configFor(server.URL)
	if edit != nil {
		edit(&s.config)
	}
	s.join(t)
	return s
}

// join makes the adapter, as a new start of the program would.
func (s *stage) join(t *testing.T) {
	t.Helper()
	s.adapter = adapterFor(t, s.config, gateway.Surroundings{Clock: s.clock, Trial: true, Shelf: s.shelf})
}

func adapterFor(t *testing.T, c cliniko.Config, env gateway.Surroundings) *cliniko.Adapter {
	t.Helper()
	a, err := cliniko.New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.CloseIdle)
	return a
}

func configFor(url string) cliniko.Config {
	return cliniko.Config{APIKey: gateway.NewSecret(apiKey), UserAgent: userAgent, BaseURL: url + "/v1"}
}

func (s *stage) read(t *testing.T) gateway.Feed {
	t.Helper()
	feed, err := s.adapter.Read(t.Context(), s.span)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return feed
}

// whole reads and fails unless the read is complete and everything was readable.
func (s *stage) whole(t *testing.T) gateway.Feed {
	t.Helper()
	feed := s.read(t)
	if !feed.Complete || len(feed.Unreadable) != 0 {
		t.Fatalf("complete %t, %d unreadable, notes %q", feed.Complete, len(feed.Unreadable), feed.Notes)
	}
	return feed
}

// later lets time pass, so that what changes next is newer than what was read.
func (s *stage) later(d time.Duration) {
	s.clock.Advance(d)
	s.span.From = s.span.From.Add(d)
	s.span.To = s.span.To.Add(d)
}

// book registers an invented patient and books a visit.
func (s *stage) book(start time.Time) (slot, person int) {
	person = s.diary.Register(surgery.Person{
		Title: "Ms", Given: "Efua", Family: "Kerr", NHSNumber: "9990000018", Mobile: "07700 900501",
		Born: time.Date(1960, time.May, 4, 0, 0, 0, 0, time.UTC),
	})
	return s.diary.Book(surgery.Visit{Person: person, Start: start, Site: 5, Mode: gateway.ModeInPerson}), person
}

// one books one ordinary patient a week ahead and reads the diary.
func (s *stage) one(t *testing.T) (a gateway.Appointment, slot, person int) {
	t.Helper()
	slot, person = s.book(s.clock.Now().AddDate(0, 0, 7))
	feed := s.whole(t)
	if len(feed.Appointments) != 1 {
		t.Fatalf("%d appointments, want 1", len(feed.Appointments))
	}
	return feed.Appointments[0], slot, person
}

// only gives the single appointment of a feed.
func only(t *testing.T, f gateway.Feed) gateway.Appointment {
	t.Helper()
	if len(f.Appointments) != 1 {
		t.Fatalf("%d appointments and %d unreadable, want 1 and 0", len(f.Appointments), len(f.Unreadable))
	}
	return f.Appointments[0]
}

func secrets(s *stage) []string {
	return append(adaptertest.Secrets(s.diary), apiKey, "XQCLINIKOKEY9J3")
}

// contextType shortens what a turn is given.
type contextType = context.Context

// forget takes everything off the shelf.
func (s *stage) forget(t *testing.T) {
	t.Helper()
	s.each(t, func(gateway.Kept) []byte { return nil })
}

// damage puts something else under a key; damageAll under every key of records.
func (s *stage) damage(t *testing.T, key, value string) {
	t.Helper()
	s.each(t, func(k gateway.Kept) []byte {
		if k.Key == key {
			return []byte(value)
		}
		return k.Value
	})
}

func (s *stage) damageAll(t *testing.T, value string) {
	t.Helper()
	s.each(t, func(k gateway.Kept) []byte {
		if strings.HasPrefix(k.Key, "cliniko/records/") {
			return []byte(value)
		}
		return k.Value
	})
}

func (s *stage) each(t *testing.T, edit func(gateway.Kept) []byte) {
	t.Helper()
	var all []gateway.Kept
	if err := s.shelf.Each(t.Context(), "", func(k gateway.Kept) error {
		k.Value = edit(k)
		all = append(all, k)
		return nil
	}); err != nil || len(all) == 0 {
		t.Fatalf("%d things on the shelf, error %v", len(all), err)
	}
	if err := s.shelf.Put(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}
