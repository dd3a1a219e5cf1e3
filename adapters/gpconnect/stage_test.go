package gpconnect_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/gpconnect"
	"bellman/adapters/gpconnect/gpconnectsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

const (
	root    = "https://gp.example.org/A81001/STU3/1/gpconnect"
	ourASID = "200000000359"
	gpASID  = "918999198993"
)

var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// stage is one booked patient of a practice behind the proxy.
type stage struct {
	t       *testing.T
	clock   *gatewaytest.Clock
	diary   *surgery.Diary
	sim     *gpconnectsim.Sim
	shelf   *gatewaytest.Shelf
	config  gpconnect.Config
	adapter *gpconnect.Adapter
	nhs     string
	person  int
	slot    int
	start   time.Time
}

func play(t *testing.T, changes ...func(*gpconnect.Config)) *stage {
	t.Helper()
	return playAt(t, monday, monday.AddDate(0, 0, 2), changes...)
}

// playAt gives a stage at a moment, with a visit at another.
func playAt(t *testing.T, now, start time.Time, changes ...func(*gpconnect.Config)) *stage {
	t.Helper()
	s := &stage{t: t, clock: gatewaytest.NewClock(now), shelf: gatewaytest.NewShelf(), nhs: adaptertest.Jessop().NHSNumber, start: start}
	s.diary = surgery.New(s.clock)
	s.person = s.diary.Register(adaptertest.Jessop())
	s.slot = s.diary.Book(surgery.Visit{Person: s.person, Start: start, Site: 5, Mode: gateway.ModeInPerson})
	s.sim = gpconnectsim.New(s.diary, gpconnectsim.Options{Clock: s.clock, Root: root, From: ourASID, To: gpASID})
	server := httptest.NewServer(s.sim)
	t.Cleanup(server.Close)
	s.config = configFor(server.URL)
	for _, change := range changes {
		change(&s.config)
	}
	var err error
	if s.adapter, err = gpconnect.New(s.config, gateway.Surroundings{Clock: s.clock, Trial: true, Practice: "A81001", Shelf: s.shelf}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.adapter.CloseIdle)
	return s
}

func configFor(proxy string) gpconnect.Config {
	return gpconnect.Config{
		BaseURL: root, SSP: proxy, From: ourASID, To: gpASID, Agreement: "an invented agreement of 1 November 2026",
		JWT: gpconnect.JWT{
			Issuer:       "https://texts.example.org",
			Device:       gpconnect.Device{System: "https://texts.example.org/Id/device", Value: "bellman-1", Model: "Bellman", Version: "1.0"},
			Organisation: gpconnect.Organisation{ODS: "A81001", Name: "Riverside Surgery"},
			Practitioner: gpconnect.Practitioner{
				ID: "10019", Prefix: "Dr", Given: "Claire", Family: "Farrow", SDSUser: "111222333444",
				LocalSystem: "https://texts.example.org/Id/user", LocalID: "cfarrow",
			},
		},
	}
}

// visit is the patient's visit as the diary's own source tells it.
func (s *stage) visit() gateway.Appointment { return adaptertest.JessopsVisit(s.start) }

func (s *stage) check() gateway.Appointment {
	s.t.Helper()
	a, err := s.adapter.Check(s.t.Context(), s.visit())
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// status gives how the visit stands in the diary.
func (s *stage) status() gateway.Status {
	v, _ := s.diary.Visit(s.slot)
	return v.Status
}

// secrets are all that no error may hold.
func (s *stage) secrets() []string {
	return append(adaptertest.Secrets(s.diary), s.nhs, "Farrow", "111222333444", "Bearer", "/Patient", "/Appointment", "STU3", "Simulated", adaptertest.Canary)
}
