package twilio_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestTheListShowsWhatWentInBothDirections(t *testing.T) {
	p, sim := network(t, twiliosim.Options{})
	began := time.Now()
	sent, err := p.Send(t.Context(), outgoing(t))
	if err != nil {
		t.Fatal(err)
	}
	other := outgoing(t)
	other.To = gateway.NewPhone("+447700900124")
	if _, err := p.Send(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	sim.Reply(t.Context(), patient, sender, "thank you")

	got, err := p.List(t.Context(), began, gateway.NewPhone(patient))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("%d messages, want the one to this patient", len(got))
	}
	answers, _, err := p.Inbound(t.Context(), began, sender)
	if err != nil || len(answers) != 1 {
		t.Fatalf("%d answers and %v, want one", len(answers), err)
	}
	out, in := got[0], answers[0]
	if out.Inbound || out.MessageID != sent.MessageID || out.Text.Reveal() != words || out.To.Reveal() != patient || out.State != gateway.Delivered {
		t.Error("the outbound text is not as it was sent")
	}
	if !in.Inbound || in.From.Reveal() != patient || in.Text.Reveal() != "thank you" {
		t.Error("the patient's answer is not as it was written")
	}
	if out.Created.Before(began.Truncate(time.Second)) || out.Created.Location() != time.UTC {
		t.Errorf("created at %s, want after %s, in UTC", out.Created, began)
	}
	all, err := p.List(t.Context(), began)
	if err != nil || len(all) != 3 {
		t.Errorf("without a number: %d messages and %v, want all three", len(all), err)
	}
}

// TestWhatAnswersAPatientIsToldFromReminders: Twilio marks what it sent because a
// webhook's answer asked for it, and reminders are never sent in that way.
func TestWhatAnswersAPatientIsToldFromReminders(t *testing.T) {
	p, sim := network(t, twiliosim.Options{})
	inbound := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte("<Response><Message>Thank you.</Message></Response>"))
	}))
	sim.AddSender(twiliosim.Sender{Number: sender, InboundURL: inbound})
	began := time.Now()
	if _, err := p.Send(t.Context(), outgoing(t)); err != nil {
		t.Fatal(err)
	}
	sim.Reply(t.Context(), patient, sender, "thank you")
	got, err := p.Outbound(t.Context(), began, sender)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d texts and %v, want the reminder and the answer", len(got), err)
	}
	for _, l := range got {
		if l.Answer != (l.Text.Reveal() == "Thank you.") || l.Inbound {
			t.Errorf("an answer: %t, inbound: %t", l.Answer, l.Inbound)
		}
	}
}

func TestTheListIsReadOverManyPages(t *testing.T) {
	clock := gatewaytest.NewClock(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	p, sim := network(t, twiliosim.Options{Clock: clock})
	const old, fresh = 2100, 1500 // the last page is old from end to end, and never asked for
	var since time.Time
	for i := range old + fresh {
		if i == old {
			clock.Advance(time.Minute)
			since = clock.Now()
		}
		sim.Reply(t.Context(), patient, sender, fmt.Sprint(i))
	}
	got, err := p.List(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range got {
		seen[m.Text.Reveal()] = true
	}
	if len(got) != fresh || len(seen) != fresh {
		t.Errorf("%d messages, %d different, want %d", len(got), len(seen), fresh)
	}
	if n := sim.Counts().Requests; n != 3 {
		t.Errorf("%d pages were read, want 3 of 4", n)
	}
}

// TestAListThatCannotBeReadWholeIsAnError: an absence must never follow from a
// list that was cut short.
func TestAListThatCannotBeReadWholeIsAnError(t *testing.T) {
	entry := `{"sid":"SM00000000000000000000000000000001","date_created":"Sat, 21 Nov 2026 20:40:04 +0000","body":"x","status":"sent","direction":"outbound-api"}`
	rows := map[string]struct {
		status int
		body   string
	}{
		"an error":                    {500, `{"code":20500}`},
		"not accepted":                {401, `{"code":20003}`},
		"no such account":             {404, `{"code":20404}`},
		"no list":                     {200, `{}`},
		"a page":                      {200, `<html>`},
		"an entry without an id":      {200, `{"messages":[` + entry + `,{"date_created":"Sat, 21 Nov 2026 20:40:04 +0000"}]}`},
		"an entry without a date":     {200, `{"messages":[{"sid":"SM00000000000000000000000000000001"}]}`},
		"a pointer to nowhere":        {200, `{"messages":[` + entry + `],"next_page_uri":"/next"}`},
		"a pointer not understood":    {200, `{"messages":[` + entry + `],"next_page_uri":"%zz"}`},
		"a list that breaks off":      {200, `{"messages":[` + entry},
		"a list that does not end":    {200, `{"messages":[` + entry + `],"next_page_uri":"/x?Page=1&PageToken=PA1"}`},
		"an answer that is a created": {204, ``},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			p := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(row.status)
				_, _ = w.Write([]byte(row.body))
			})
			got, err := p.List(t.Context(), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), gateway.NewPhone(patient))
			if err == nil || got != nil {
				t.Fatalf("got %d messages and %v, want an error alone", len(got), err)
			}
			if strings.Contains(err.Error(), patient[1:]) || strings.Contains(err.Error(), "127.0.0.1") {
				t.Error("the error shows what it must not")
			}
		})
	}
}

func TestAStatusThatIsNotUnderstoodIsListedAsUnknown(t *testing.T) {
	p := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"messages":[{"sid":"SM00000000000000000000000000000001","date_created":"Sat, 21 Nov 2026 20:40:04 +0000","status":"teleported"}]}`))
	})
	got, err := p.List(t.Context(), time.Time{})
	if err != nil || len(got) != 1 || got[0].State != gateway.Unknown {
		t.Errorf("got %v and %v", got, err)
	}
}

func TestAListTellsTheCodeWithWhichATextFailed(t *testing.T) {
	for code, want := range map[string]gateway.Listed{
		"null":  {State: gateway.Undelivered},
		"30003": {State: gateway.Undelivered, Code: 30003, Class: gateway.TryLater},
		"30002": {State: gateway.Undelivered, Code: 30002, Class: gateway.Account, Everywhere: true},
		"30410": {State: gateway.Unknown, Code: 30410, Class: gateway.Uncertain},
	} {
		p := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"messages":[{"sid":"SM00000000000000000000000000000001","date_created":"Sat, 21 Nov 2026 20:40:04 +0000","status":"failed","error_code":` + code + `}]}`))
		})
		got, err := p.List(t.Context(), time.Time{})
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %d messages, %v", code, len(got), err)
		}
		if l := got[0]; l.State != want.State || l.Code != want.Code || l.Class != want.Class || l.Everywhere != want.Everywhere {
			t.Errorf("%s: it is %s, code %d, class %s, everywhere %t", code, l.State, l.Code, l.Class, l.Everywhere)
		}
	}
}

func TestAListStopsWithItsContext(t *testing.T) {
	p := answering(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	if _, err := p.List(ctx, time.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want cancelled", err)
	}
}

func TestCheckSaysWhatIsWrongInASentence(t *testing.T) {
	rows := map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		want   string
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(401)
			_, _ = w.Write([]byte(`{"code":20003}`))
		}, "twilio.auth_token"},
		"suspended": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"status":"suspended"}`))
		}, "not active"},
		"another account": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "account_sid"},
		"trouble":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "status 500"},
		"nonsense":        {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "not understood"},
		"the key refused": {func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "Messages.json") {
				w.WriteHeader(403)
				return
			}
			_, _ = w.Write([]byte(`{"status":"active"}`))
		}, "twilio.api_key_secret"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			err := answering(t, row.answer).Check(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want a sentence with %q", err, row.want)
			}
		})
	}
	p := provider(t, config("http://127.0.0.1:1"))
	if err := p.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("nobody there: got %v", err)
	}
}

func TestCheckIsContentWithAWorkingAccountAndTextsNobody(t *testing.T) {
	var posts atomic.Int64
	sim := twiliosim.New(twiliosim.Options{Clock: wall, Manual: true, APIKeys: map[string]string{clientID: "secretsecret"}})
	t.Cleanup(sim.Close)
	c := config(serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			posts.Add(1)
		}
		sim.ServeHTTP(w, r)
	})))
	c.APIKeySID, c.APIKeySecret = clientID, gateway.NewSecret("secretsecret")
	if err := provider(t, c).Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := provider(t, c).Send(t.Context(), outgoing(t)); err != nil {
		t.Errorf("sending with the key: %v", err)
	}
	if n := posts.Load(); n != 1 {
		t.Errorf("%d posts, want the one that was a send", n)
	}
	c.APIKeySecret = gateway.NewSecret("wrong")
	if err := provider(t, c).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "api_key_secret") {
		t.Errorf("a wrong key: got %v", err)
	}
}

func TestTheWordsThatTwilioTakesAreKnown(t *testing.T) {
	plain := twilio.Config{}.TakenWords()
	for word, kind := range map[string]gateway.ReplyKind{"STOP": gateway.ReplyStop, "CANCEL": gateway.ReplyStop, "YES": gateway.ReplyStart, "HELP": gateway.ReplyHelp} {
		if got, ok := plain[word]; !ok || got != kind {
			t.Errorf("%s: got %s, want %s", word, got, kind)
		}
	}
	custom := twilio.Config{CustomOptOutWords: true}.TakenWords()
	for _, word := range []string{"CANCEL", "END", "QUIT", "YES"} {
		if _, ok := custom[word]; ok {
			t.Errorf("%s is still taken although the clinic took it off the list", word)
		}
	}
	for _, word := range []string{"STOP", "START", "UNSTOP", "HELP"} {
		if _, ok := custom[word]; !ok {
			t.Errorf("%s cannot be taken off Twilio's list", word)
		}
	}
}

// From an absence among what patients wrote nothing is concluded; from one among
// what was sent to them it is.
func TestAnEntryThatCannotBeReadHidesNoOtherInboundAndProvesNothingOutbound(t *testing.T) {
	const entry = `{"sid":"SM00000000000000000000000000000001","date_created":"Sat, 21 Nov 2026 20:40:04 +0000"}`
	const bad = `{"date_created":"Sat, 21 Nov 2026 20:40:04 +0000"}`
	pages := map[string]string{
		"":  `{"messages":[` + bad + `],"next_page_uri":"/x?Page=1&PageToken=PA1"}`,
		"1": `{"messages":[{"sid":"SM1"},` + entry + `]}`,
	}
	p := answering(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(pages[r.URL.Query().Get("Page")])) })
	since := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	got, unreadable, err := p.Inbound(t.Context(), since, sender)
	if err != nil || len(got) != 1 || unreadable != 2 {
		t.Errorf("%d read, %d not, and %v", len(got), unreadable, err)
	}
	if got, err := p.Outbound(t.Context(), since, sender); err == nil || got != nil {
		t.Errorf("%d were sent, and %v", len(got), err)
	}
}
