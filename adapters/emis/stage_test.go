package emis_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/emis"
	"bellman/adapters/emis/emissim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// Made-up credentials, in letters that no error of ours would hold by chance.
const (
	clientSecret  = "XQSECRET/+=&%"
	clientID      = "XQCLIENT"
	applicationID = "XQPARTYKEY"
	organisation  = "ern:emis:org:1"
)

// monday is an ordinary working morning in winter.
var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

var formats = []string{emis.FormatXML, emis.FormatJSON}

// stage is an adapter joined over real HTTP to a simulator that shows a diary.
type stage struct {
	clock   *gatewaytest.Clock
	diary   *surgery.Diary
	sim     *emissim.Sim
	adapter *emis.Adapter
	asked   gatewaytest.Requests
	span    gateway.Span
}

// play sets a stage; wrap, unless nil, stands between adapter and simulator.
func play(t *testing.T, now time.Time, edit func(*emis.Config), wrap func(http.Handler) http.Handler) *stage {
	t.Helper()
	s := &stage{clock: gatewaytest.NewClock(now), span: gateway.Span{From: now, To: now.AddDate(0, 0, 14)}}
	s.diary = surgery.New(s.clock)
	s.sim = newSim(s.diary, s.clock)
	var h http.Handler = s.sim
	if wrap != nil {
		h = wrap(h)
	}
	server := httptest.NewServer(adaptertest.Dated(s.clock, s.asked.Note(h)))
	t.Cleanup(server.Close)
	c := configFor(server.URL)
	if edit != nil {
		edit(&c)
	}
	var err error
	if s.adapter, err = emis.New(c, gateway.Surroundings{Clock: s.clock, Trial: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.adapter.CloseIdle)
	return s
}

func newSim(d *surgery.Diary, clock gateway.Clock) *emissim.Sim {
	return emissim.New(d, emissim.Options{
		Clock: clock, ClientID: clientID, ClientSecret: clientSecret,
		ApplicationID: applicationID, Organisation: organisation,
	})
}

func configFor(url string) emis.Config {
	return emis.Config{
		BaseURL: url, TokenURL: url + emissim.TokenPath, ClientID: clientID,
		ClientSecret: gateway.NewSecret(clientSecret), ApplicationID: applicationID, Scope: "papi-appt.read papi-subjects.read",
	}
}

func in(format string) func(*emis.Config) { return func(c *emis.Config) { c.Format = format } }

func (s *stage) read(t *testing.T) gateway.Feed {
	t.Helper()
	feed, err := s.adapter.Read(t.Context(), s.span)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return feed
}

// one books one ordinary patient a week ahead and reads the diary.
func (s *stage) one(t *testing.T) gateway.Appointment {
	t.Helper()
	s.book(s.clock.Now().AddDate(0, 0, 7))
	feed := s.read(t)
	if len(feed.Appointments) != 1 || len(feed.Unreadable) != 0 {
		t.Fatalf("%d appointments and %d unreadable, want 1 and 0", len(feed.Appointments), len(feed.Unreadable))
	}
	return feed.Appointments[0]
}

// book registers an invented patient and books a visit.
func (s *stage) book(start time.Time) (slot, person int) {
	person = s.diary.Register(surgery.Person{
		Title: "Ms", Given: "Efua", Family: "Kerr", NHSNumber: "9990000018", Mobile: "07700 900501",
		Born: time.Date(1960, time.May, 4, 0, 0, 0, 0, time.UTC),
	})
	return s.diary.Book(surgery.Visit{Person: person, Start: start, Site: 5, Mode: gateway.ModeTelephone}), person
}

// join gives an adapter that reads a simulator over HTTP.
func join(t *testing.T, sim http.Handler, clock gateway.Clock, format string) *emis.Adapter {
	t.Helper()
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	c := configFor(server.URL)
	c.Format = format
	a, err := emis.New(c, gateway.Surroundings{Clock: clock, Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.CloseIdle)
	return a
}
