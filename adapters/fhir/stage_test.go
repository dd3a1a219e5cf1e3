package fhir_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/fhir"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// monday is an ordinary working morning in winter.
var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// secretToken is made up, of letters that no error of ours holds by chance.
const secretToken = "XQTOKEN-of-the-clinic"

// stage is an adapter joined over real HTTP to a simulator that shows a diary.
type stage struct {
	clock   *gatewaytest.Clock
	diary   *surgery.Diary
	sim     *fhirsim.Sim
	server  *httptest.Server
	adapter *fhir.Adapter
	span    gateway.Span
}

// play sets a stage with an empty diary.
func play(t *testing.T, edit func(*fhir.Config)) *stage {
	t.Helper()
	s := &stage{clock: gatewaytest.NewClock(monday), span: gateway.Span{From: monday, To: monday.AddDate(0, 0, 14)}}
	s.diary = surgery.New(s.clock)
	s.sim = fhirsim.New(s.diary, s.clock)
	s.server = httptest.NewServer(s.sim)
	t.Cleanup(s.server.Close)
	s.adapter = join(t, s.server.URL+fhirsim.Base, s.clock, edit)
	return s
}

// join gives an adapter for the server at an address.
func join(t *testing.T, base string, clock gateway.Clock, edit func(*fhir.Config)) *fhir.Adapter {
	t.Helper()
	return joinWith(t, base, gateway.Surroundings{Clock: clock, Trial: true}, edit)
}

// joinWith gives an adapter for the server at an address in certain surroundings.
func joinWith(t *testing.T, base string, env gateway.Surroundings, edit func(*fhir.Config)) *fhir.Adapter {
	t.Helper()
	c := fhir.Config{BaseURL: base, Auth: fhir.Auth{Type: "none"}}
	if edit != nil {
		edit(&c)
	}
	a, err := fhir.New(c, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.CloseIdle)
	return a
}

// smallPages makes the forty visits five pages.
func smallPages(c *fhir.Config) { c.Query = fhir.Query{"_count": {"10"}} }

func (s *stage) read(t *testing.T) gateway.Feed {
	t.Helper()
	feed, err := s.adapter.Read(t.Context(), s.span)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return feed
}

// one books one ordinary patient a week ahead and reads the diary.
func (s *stage) one(t *testing.T) (slot, person int, a gateway.Appointment) {
	t.Helper()
	person = s.diary.Register(surgery.Person{
		Title: "Ms", Given: "Efua", Family: "Kerr", NHSNumber: "9990000018", Mobile: "07700 900501",
		Born: time.Date(1960, time.May, 4, 0, 0, 0, 0, time.UTC),
	})
	slot = s.diary.Book(surgery.Visit{Person: person, Start: s.clock.Now().AddDate(0, 0, 7), Site: 5, Mode: gateway.ModeTelephone})
	feed := s.read(t)
	if len(feed.Appointments) != 1 || len(feed.Unreadable) != 0 {
		t.Fatalf("%d appointments and %d unreadable, want 1 and 0", len(feed.Appointments), len(feed.Unreadable))
	}
	return slot, person, feed.Appointments[0]
}

// shelf is a server that answers each path with one fixed resource, and 404 else.
type shelf map[string]string

// ServeHTTP answers one request. {base} in a resource becomes the server's own
// address.
func (s shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := s[r.URL.Path]
	if !ok {
		http.Error(w, `{"resourceType":"OperationOutcome"}`, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/fhir+json")
	_, _ = w.Write([]byte(replaceBase(body, "http://"+r.Host+"/r4")))
}

// shelved gives an adapter for a shelf, whose FHIR base is /r4.
func shelved(t *testing.T, s http.Handler) *fhir.Adapter {
	t.Helper()
	server := httptest.NewServer(adaptertest.Dated(gatewaytest.NewClock(monday), s))
	t.Cleanup(server.Close)
	return join(t, server.URL+"/r4", gatewaytest.NewClock(monday), nil)
}

// fortnight is the span in which the fixtures lie.
var fortnight = gateway.Span{From: monday, To: monday.AddDate(0, 0, 14)}
