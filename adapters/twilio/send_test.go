package twilio_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

func failureOf(t *testing.T, err error) *gateway.SendError {
	t.Helper()
	f, ok := errors.AsType[*gateway.SendError](err)
	if !ok {
		t.Fatalf("got %v (%T), want a *gateway.SendError", err, err)
	}
	return f
}

func TestATextReachesThePhoneOnceAndComesBackWithItsID(t *testing.T) {
	p, sim := network(t, twiliosim.Options{})
	got, err := p.Send(t.Context(), outgoing(t))
	if err != nil {
		t.Fatal(err)
	}
	texts := sim.Phone(patient)
	if len(texts) != 1 || texts[0].Body != words || texts[0].From != sender || texts[0].MessageID != got.MessageID {
		t.Fatalf("the phone has %d texts, want the one that was sent, under its id", len(texts))
	}
	if got.Segments != 1 {
		t.Errorf("segments = %d, want 1", got.Segments)
	}
}

func TestAMessagingServiceIsNamedAsSuchAndHasNoSegmentsYet(t *testing.T) {
	p, sim := network(t, twiliosim.Options{})
	sim.AddService(twiliosim.Service{SID: service, Senders: []string{sender}})
	m := outgoing(t)
	m.From = service
	got, err := p.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if got.Segments != 0 {
		t.Errorf("segments = %d, want 0: Twilio does not know them before it has picked a sender", got.Segments)
	}
	if texts := sim.Phone(patient); len(texts) != 1 || texts[0].From != sender {
		t.Error("the text did not come from the service's sender")
	}
}

// TestEveryFaultHasItsClass is sections 1.4 and 1.9 of what is known of Twilio, as a table.
func TestEveryFaultHasItsClass(t *testing.T) {
	rows := []struct {
		fault  twiliosim.Fault
		want   gateway.SendError
		arrive int // texts that the phone got nevertheless
	}{
		{twiliosim.TooMany, gateway.SendError{Class: gateway.TryLater, Code: 20429, Status: 429, RetryAfter: 2 * time.Second, Reason: gateway.NetworkTransient}, 0},
		{twiliosim.ErrorTaken, gateway.SendError{Code: 20500, Status: 500, Reason: gateway.UnknownOutcome}, 1},
		{twiliosim.ErrorLost, gateway.SendError{Code: 20500, Status: 500, Reason: gateway.UnknownOutcome}, 0},
		{twiliosim.Unavailable, gateway.SendError{Status: 503, Reason: gateway.UnknownOutcome}, 0},
		{twiliosim.Redirect, gateway.SendError{Status: 307, Reason: gateway.UnknownOutcome}, 0},
		{twiliosim.EmptyObject, gateway.SendError{Status: 201, Reason: gateway.UnknownOutcome}, 1},
		{twiliosim.EmptyBody, gateway.SendError{Status: 201, Reason: gateway.UnknownOutcome}, 1},
		{twiliosim.Truncated, gateway.SendError{Status: 201, Reason: gateway.UnknownOutcome}, 1},
		{twiliosim.TakenClosed, gateway.SendError{Reason: gateway.UnknownOutcome}, 1},
		{twiliosim.TakenHung, gateway.SendError{Reason: gateway.UnknownOutcome}, 1},
		{twiliosim.ClosedUnread, gateway.SendError{Reason: gateway.UnknownOutcome}, 0},
		{twiliosim.Denied, gateway.SendError{Class: gateway.Account, Code: 20003, Status: 401, Reason: gateway.ProviderAccount}, 0},
		{twiliosim.DeniedByProxy, gateway.SendError{Class: gateway.Account, Status: 403, Reason: gateway.ProviderAccount}, 0},
		{twiliosim.ProxyPage, gateway.SendError{Status: 400, Reason: gateway.UnknownOutcome}, 0},
	}
	if len(rows)+1 != len(twiliosim.Faults) { // Slow succeeds
		t.Errorf("the table has %d faults, the simulator %d", len(rows)+1, len(twiliosim.Faults))
	}
	for _, row := range rows {
		t.Run(string(row.fault), func(t *testing.T) {
			p, sim := network(t, twiliosim.Options{})
			if err := sim.Script(row.fault); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			_, err := p.Send(ctx, outgoing(t))
			if got := failureOf(t, err); *got != row.want {
				t.Errorf("got %+v, want %+v", *got, row.want)
			}
			if got := len(sim.Phone(patient)); got != row.arrive {
				t.Errorf("the phone got %d texts, want %d", got, row.arrive)
			}
		})
	}
}

func TestASlowAnswerIsStillASuccess(t *testing.T) {
	p, sim := network(t, twiliosim.Options{})
	if err := sim.Script(twiliosim.Slow); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Send(t.Context(), outgoing(t)); err != nil {
		t.Fatal(err)
	}
}

func TestTwiliosOwnTestNumbersHaveTheirClasses(t *testing.T) {
	p, _ := network(t, twiliosim.Options{})
	rows := []struct {
		from, to string
		code     int
		class    gateway.Class
		reason   gateway.Reason
	}{
		{sender, "+15005550001", 21211, gateway.Rejected, gateway.ProviderNumber},
		{sender, "+15005550002", 21612, gateway.Rejected, gateway.ProviderNumber},
		{sender, "+15005550003", 21408, gateway.Account, gateway.ProviderAccount},
		{sender, "+15005550004", 21610, gateway.Stopped, gateway.ProviderOptOut},
		{sender, "+15005550009", 21614, gateway.Rejected, gateway.ProviderNumber},
		{"+15005550001", patient, 21212, gateway.Account, gateway.ProviderAccount},
		{"+15005550007", patient, 21606, gateway.Account, gateway.ProviderAccount},
		{"+15005550008", patient, 21611, gateway.TryLater, gateway.ProviderTrouble},
	}
	for _, row := range rows {
		t.Run(fmt.Sprint(row.code), func(t *testing.T) {
			m := outgoing(t)
			m.From, m.To = row.from, gateway.NewPhone(row.to)
			_, err := p.Send(t.Context(), m)
			want := gateway.SendError{Class: row.class, Code: row.code, Status: 400, Reason: row.reason}
			if got := failureOf(t, err); *got != want {
				t.Errorf("got %+v, want %+v", *got, want)
			}
		})
	}
}

// TestOddAnswersAreNeverTakenForMoreThanTheySay covers answers that the
// simulator does not give.
func TestOddAnswersAreNeverTakenForMoreThanTheySay(t *testing.T) {
	rows := []struct {
		name   string
		status int
		body   string
		want   gateway.Class
	}{
		{"a 200 with an id", 200, `{"sid":"SM00000000000000000000000000000001"}`, 255},
		{"an MMS id", 201, `{"sid":"MM00000000000000000000000000000001"}`, 255},
		{"a 202 with an id", 202, `{"sid":"SM00000000000000000000000000000001"}`, gateway.Uncertain},
		{"an id of something else", 201, `{"sid":"CA00000000000000000000000000000001"}`, gateway.Uncertain},
		{"an id that is too long", 201, `{"sid":"SM000000000000000000000000000000012"}`, gateway.Uncertain},
		{"an id in capitals", 201, `{"sid":"SM0000000000000000000000000000000A"}`, gateway.Uncertain},
		{"a null id", 201, `{"sid":null}`, gateway.Uncertain},
		{"a page", 201, `<html>`, gateway.Uncertain},
		{"a code in quotes", 400, `{"code":"21610"}`, gateway.Uncertain},
		{"a code nobody knows", 400, `{"code":21999}`, gateway.Uncertain},
		{"a negative code", 400, `{"code":-1}`, gateway.Uncertain},
		{"a 404 with Twilio's code", 404, `{"code":20404,"status":404}`, gateway.Account},
		{"a 404 without", 404, ``, gateway.Uncertain},
		{"a 401 with a code nobody knows", 401, `{"code":29999}`, gateway.Account},
		{"a 429 without a body", 429, ``, gateway.TryLater},
		{"a 500 with a code of refusal", 500, `{"code":21610}`, gateway.Uncertain},
		{"a 503 with the code of 429", 503, `{"code":20429}`, gateway.Uncertain},
		{"a 304", 304, ``, gateway.Uncertain},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(row.status)
				_, _ = w.Write([]byte(row.body))
			})
			_, err := p.Send(t.Context(), outgoing(t))
			if row.want == 255 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if got := failureOf(t, err); got.Class != row.want || got.Status != row.status {
				t.Errorf("got %+v, want class %s and status %d", *got, row.want, row.status)
			}
		})
	}
}

func TestRetryAfterIsReadInBothFormsAndWithinReason(t *testing.T) {
	now := time.Now()
	rows := map[string][2]time.Duration{
		"7":                             {7 * time.Second, 7 * time.Second},
		"-3":                            {0, 0},
		"":                              {0, 0},
		"soon":                          {0, 0},
		"999999999999":                  {time.Hour, time.Hour},
		"99999999999999999999999999999": {0, 0},
		now.Add(90 * time.Second).UTC().Format(http.TimeFormat): {80 * time.Second, 90 * time.Second},
		now.Add(-time.Hour).UTC().Format(http.TimeFormat):       {0, 0},
	}
	for header, want := range rows {
		t.Run(header, func(t *testing.T) {
			p := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", header)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			_, err := p.Send(t.Context(), outgoing(t))
			if got := failureOf(t, err).RetryAfter; got < want[0] || got > want[1] {
				t.Errorf("got %s, want from %s to %s", got, want[0], want[1])
			}
		})
	}
}

func TestNothingOfThePatientStandsInAnError(t *testing.T) {
	p, sim := network(t, twiliosim.Options{})
	for _, f := range twiliosim.Faults {
		if err := sim.Script(f); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := p.Send(ctx, outgoing(t))
		cancel()
		if err == nil {
			continue
		}
		for _, secret := range []string{patient, patient[1:], "447700900", words, "7834", twiliosim.DefaultToken, "127.0.0.1", "Messages"} {
			if shown := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(shown, secret) {
				t.Errorf("%s: the error shows what it must not", f)
			}
		}
	}
}

func TestAProviderDoesNotPrintItsSecrets(t *testing.T) {
	p, _ := network(t, twiliosim.Options{})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		if shown := fmt.Sprintf(verb, p); shown != "twilio" {
			t.Errorf("%s prints more than the name", verb)
		}
	}
}

func TestTheEnvironmentDoesNotChooseWhereTextsGo(t *testing.T) {
	t.Setenv("TWILIO_REGION", "au1")
	t.Setenv("TWILIO_EDGE", "sydney")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	p, sim := network(t, twiliosim.Options{})
	if _, err := p.Send(t.Context(), outgoing(t)); err != nil {
		t.Fatal(err)
	}
	if len(sim.Phone(patient)) != 1 {
		t.Error("the text went elsewhere")
	}
}

func TestOneProviderServesManyAtOnce(t *testing.T) {
	p, sim := network(t, twiliosim.Options{})
	if err := sim.SetRates(map[twiliosim.Fault]float64{twiliosim.TooMany: 0.2, twiliosim.ErrorLost: 0.2}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			for j := range 20 {
				m := outgoing(t)
				number := fmt.Sprintf("+4477009%05d", i*100+j)
				m.To = gateway.NewPhone(number)
				got, err := p.Send(context.Background(), m)
				texts := sim.Phone(number)
				switch {
				case err == nil && (len(texts) != 1 || texts[0].MessageID != got.MessageID):
					t.Error("a success whose text is not on its phone")
				case err != nil && len(texts) != 0:
					t.Error("a refusal whose text is on the phone")
				}
			}
		})
	}
	all.Wait()
}
