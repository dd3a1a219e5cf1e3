package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// TestTheJudgeSeesEveryKindOfMistake plays texts that must never be, and asks the
// judge: one that finds nothing proves nothing.
func TestTheJudgeSeesEveryKindOfMistake(t *testing.T) {
	rule, err := gateway.ParseRule("19m")
	if err != nil {
		t.Fatal(err)
	}
	id := func(p *practice, ref byte, start time.Time) gateway.ReminderID {
		return gateway.ReminderID{Practice: gateway.ODS(p.ods), Ref: gateway.Ref{ref}, Rule: rule, Start: start}
	}
	for name, c := range map[string]struct {
		play                   func(w *world, p *practice, v *visit)
		duplicates, wrong, all int
	}{
		"one text for one visit":  {func(w *world, p *practice, v *visit) { w.text(t, p, id(p, 1, v.start), v) }, 0, 0, 1},
		"the same reminder twice": {func(w *world, p *practice, v *visit) { w.text(t, p, id(p, 1, v.start), v, v) }, 1, 0, 2},
		"two reminders for one visit of one person": {func(w *world, p *practice, v *visit) {
			w.text(t, p, id(p, 1, v.start), v)
			w.text(t, p, id(p, 2, v.start), v)
		}, 1, 0, 2},
		"a time that no visit has": {func(w *world, p *practice, v *visit) { w.text(t, p, id(p, 1, v.start.Add(time.Hour)), v) }, 0, 1, 1},
		"after a STOP": {func(w *world, p *practice, v *visit) {
			p.stopped[v.now().mobile] = time.Now().Add(-time.Minute)
			w.text(t, p, id(p, 1, v.start), v)
		}, 0, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := newWorld(Options{Practices: 2, Reminders: 10, Seed: 1}, t.TempDir(), "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(w.twilio.Close)
			t.Cleanup(w.api.Close)
			w.began = time.Now()
			p := w.practices[1]
			start := time.Now().Add(time.Hour).Truncate(time.Minute)
			v := &visit{slot: 1, start: start, was: []truth{{from: time.Now().Add(-time.Hour), start: start, booked: true, alive: true, mobile: "+447700900800"}}}
			p.visits[1] = v
			c.play(w, p, v)
			r := w.judge(nil)
			if r.Texts != c.all || r.Duplicates != c.duplicates || r.Wrong != c.wrong {
				t.Errorf("%d texts, duplicates %d, wrong %d; want %d, %d, %d: %s", r.Texts, r.Duplicates, r.Wrong, c.all, c.duplicates, c.wrong, r.Findings)
			}
		})
	}
}

// text hands a right text for each of some visits to the phone network.
func (w *world) text(t *testing.T, p *practice, id gateway.ReminderID, visits ...*visit) {
	t.Helper()
	local := id.Start.In(gateway.London())
	for _, v := range visits {
		form := url.Values{
			"To": {v.now().mobile}, "From": {p.sender}, "StatusCallback": {"http://127.0.0.1:1/twilio/status?r=" + url.QueryEscape(id.String())},
			"Body": {"You have an appointment with " + p.name + " on " + local.Format("Monday 2 January") + " at " + spoken(local) + "."},
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.api.URL+"/2010-04-01/Accounts/"+twiliosim.DefaultAccount+"/Messages.json", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(twiliosim.DefaultAccount, twiliosim.DefaultToken)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusCreated {
			t.Fatalf("the phone network says %s", res.Status)
		}
	}
}
