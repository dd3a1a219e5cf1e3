package twilio_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

const (
	patient  = "+447700900123"
	sender   = "+447700900001"
	words    = "Riverside Surgery: your appointment is on Mon 23 Nov at 9:30am. To cancel text CANCEL 7834 or ring 01632 960001."
	service  = "MG00000000000000000000000000000001"
	public   = "https://texts.example.org"
	clientID = "SK00000000000000000000000000000001"
)

var wall = gateway.ClockFunc(time.Now)

func reminder(t testing.TB) gateway.ReminderID {
	t.Helper()
	rule, err := gateway.ParseRule("1d")
	if err != nil {
		t.Fatal(err)
	}
	return gateway.ReminderID{Practice: "A81001", Ref: gateway.Ref{1, 2, 3}, Rule: rule, Start: time.Unix(1790000000, 0).UTC()}
}

func outgoing(t testing.TB) gateway.Outgoing {
	t.Helper()
	return gateway.Outgoing{
		Reminder: reminder(t), From: sender, To: gateway.NewPhone(patient),
		Text: gateway.NewText(words), Validity: 3 * time.Hour,
	}
}

func config(base string) twilio.Config {
	return twilio.Config{
		AccountSID: twiliosim.DefaultAccount, AuthToken: gateway.NewSecret(twiliosim.DefaultToken),
		BaseURL: base, Timeout: 5 * time.Second,
	}
}

func provider(t testing.TB, c twilio.Config) *twilio.Provider {
	t.Helper()
	p, err := twilio.New(c, public, gateway.Surroundings{Clock: wall, Trial: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// network is a simulated Twilio and a provider that speaks to it.
func network(t testing.TB, o twiliosim.Options) (*twilio.Provider, *twiliosim.Sim) {
	t.Helper()
	if o.Clock == nil {
		o.Clock = wall
	}
	o.Manual = true // the public address of these tests does not exist
	sim := twiliosim.New(o)
	server := httptest.NewServer(sim)
	p := provider(t, config(server.URL))
	t.Cleanup(func() {
		p.Close()
		sim.Close()
		server.Close()
	})
	return p, sim
}

// answering is a provider in front of a server that always does the same.
func answering(t testing.TB, h http.HandlerFunc) *twilio.Provider {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return provider(t, config(server.URL))
}

// serve starts a server and gives its address.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
