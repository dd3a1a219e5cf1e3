package lifemodel

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
)

// The model is worth as much as its retelling of the scripts is true. Here both are
// taken along the same random ways, one on the model and one on Redis, and must say
// the same after every step.
func TestTheModelAndTheScriptsSayTheSame(t *testing.T) {
	address := storetest.Redis(t)
	s := storetest.Open(t, address)
	s.Serve([]gateway.ODS{riverside})
	patients := 0
	rapid.Check(t, func(r *rapid.T) {
		patients++
		w := &way{r: r, s: s, n: patients, digests: map[record]gateway.Digest{}}
		w.know()
		w.new = planned(booked, false, false)
		w.plan()
		r.Repeat(map[string]func(*rapid.T){
			"know": func(*rapid.T) { w.know() }, "plan": w.read, "claim": w.claim, "move": w.move,
			"stop": func(*rapid.T) { w.optOut(true) }, "start": func(*rapid.T) { w.optOut(false) }, "": w.compare,
		})
	})
}

const riverside gateway.ODS = "A81001"

var (
	monday = time.Date(2026, time.November, 23, 10, 0, 0, 0, time.UTC)
	start  = monday.AddDate(0, 0, 1)
)

// way is one walk: the same appointment in the model and in Redis.
type way struct {
	r       *rapid.T
	s       *store.Store
	n       int
	w       world
	b       build
	known   gateway.Diary
	old     record // what the diary knew
	again   bool
	new     record
	digests map[record]gateway.Digest // what the store calls each record
	tokens  int
}

func (w *way) check(err error) {
	if err != nil {
		w.r.Fatal(err)
	}
}

func (w *way) phone(number uint8) gateway.Phone {
	return gateway.NewPhone(fmt.Sprintf("+447700900%03d", (2*w.n+int(number))%1000))
}

// entry gives what the scheduler would have the store write down for a record.
func (w *way) entry(is record) gateway.Entry {
	rule, err := gateway.ParseRule("1d")
	w.check(err)
	a := gateway.Appointment{
		ID: gateway.AppointmentID(fmt.Sprint("v", w.n)), Start: start, Site: "5", Mode: gateway.ModeInPerson, Status: gateway.StatusBooked,
		Patient: gateway.Patient{ID: gateway.PatientID(fmt.Sprint("p", w.n)), Mobile: w.phone(is.says.number()), MobileKind: gateway.NumberMobile},
	}
	e := gateway.Entry{FirstSeen: monday.AddDate(0, 0, -9), Plan: []gateway.Planned{{Rule: rule, State: is.want, Reason: is.why, At: monday}}}
	switch is.says {
	case elsewhere:
		a.Start = start.AddDate(0, 0, 7)
		e.Plan = []gateway.Planned{{Rule: rule, State: gateway.Queued, At: monday.AddDate(0, 0, 7)}}
	case ruleless:
		e.Plan = nil
	case cancelled:
		a.Status = gateway.StatusCancelled
	case unclear:
		e.Facts.Standing = gateway.NotConfirmed
	}
	e.Facts.Appointment = a
	return e
}

func (w *way) id() gateway.ReminderID {
	e := w.entry(planned(booked, false, false))
	return gateway.ReminderID{Practice: riverside, Ref: w.ref(), Rule: e.Plan[0].Rule, Start: start}
}

func (w *way) ref() gateway.Ref {
	return w.known.Ref(w.entry(record{}).Facts.Appointment.Identity())
}

// know looks up what is known, as a read begins; it may be carried out much later.
func (w *way) know() {
	d, err := w.s.Known(w.r.Context(), riverside)
	w.check(err)
	w.known, w.old, w.again = d, w.w.record, w.w.again
}

func (w *way) read(r *rapid.T) {
	says := rapid.SampledFrom([]diary{booked, newNumber, unclear, cancelled, elsewhere, ruleless}).Draw(r, "the diary says")
	w.new = planned(says, rapid.Bool().Draw(r, "too late"), w.w.stopped)
	w.plan()
}

func (w *way) plan() {
	_, err := w.s.Plan(w.r.Context(), w.known, monday, []gateway.Entry{w.entry(w.new)})
	w.check(err)
	if w.new != w.old || w.again || w.tokens == 0 && w.w.record == (record{}) {
		w.w.plan(&w.b, w.old, w.new)
	}
	w.know()
	if h, ok := w.known.Head(w.ref()); ok {
		w.digests[w.w.record] = h.Digest
	}
}

func (w *way) claim(r *rapid.T) {
	w.s.Look()
	w.tokens = w.tokens%14 + 1
	got, err := w.s.Claim(r.Context(), gateway.Claiming{Now: monday, Limit: 64000, Lease: time.Minute, Token: gateway.Token{byte(w.tokens)}})
	w.check(err)
	handed := false
	for _, c := range got.Claims {
		handed = handed || c.ID == w.id()
	}
	want := w.w.due == dueNow && w.w.claim(&w.b, token(w.tokens))
	if handed != want {
		r.Fatalf("handed out: %t, in the model: %t", handed, want)
	}
}

func (w *way) move(r *rapid.T) {
	tos := []gateway.State{
		gateway.Queued, gateway.Held, gateway.Withdrawn, gateway.Sending, gateway.Sending, gateway.Accepted,
		gateway.Delivered, gateway.Undelivered, gateway.Refused, gateway.Unknown, gateway.Unknown, gateway.Failed,
	}
	c := change{
		to: rapid.SampledFrom(tos).Draw(r, "to"), why: rapid.SampledFrom([]gateway.Reason{gateway.None, gateway.UnknownOutcome, gateway.NotAnswered}).Draw(r, "why"),
		only:    rapid.SampledFrom([]string{"", "", "", onlyClaimed, onlySending, onlyUnknown}).Draw(r, "only from"),
		token:   rapid.SampledFrom([]token{0, w.w.token, w.w.token, 15}).Draw(r, "token"),
		consent: rapid.Bool().Draw(r, "consent"), later: rapid.Bool().Draw(r, "later"),
	}
	asked := gateway.Change{
		ID: w.id(), To: c.to, Reason: c.why, Only: c.only, Consent: c.consent, Token: gateway.Token{byte(c.token)},
	}
	if rapid.Bool().Draw(r, "on a record") {
		on := rapid.SampledFrom([]record{w.w.record, planned(booked, false, false)}).Draw(r, "record")
		if digest, ok := w.digests[on]; ok {
			c.digest, asked.Digest = &on, digest
		}
	}
	if c.to == gateway.Sending {
		asked.At = monday.Add(time.Minute)
	} else if c.later {
		asked.At = monday.Add(time.Hour)
	}
	got, err := w.s.Move(r.Context(), monday, []gateway.Change{asked})
	w.check(err)
	if want := w.w.move(&w.b, c); got[0].Verdict != want {
		r.Fatalf("the script says %c, the model %c", got[0].Verdict, want)
	}
}

func (w *way) optOut(out bool) {
	o := gateway.OptOut{Practice: riverside, Number: w.phone(1), Since: monday, By: "patient"}
	if out {
		w.check(w.s.AddOptOut(w.r.Context(), o))
	} else {
		w.check(w.s.RemoveOptOut(w.r.Context(), riverside, o.Number, monday, "patient"))
	}
	w.w.stopped = out
}

// compare looks whether both stand in the same place.
func (w *way) compare(r *rapid.T) {
	is, ok, err := w.s.Reminder(r.Context(), w.id())
	w.check(err)
	if !ok {
		is = gateway.Standing{}
	}
	if is.State != w.w.state || (is.State != gateway.Claimed && is.Reason != w.w.reason) {
		r.Fatalf("it is %s (%s), in the model %s", is.State, is.Reason, w.w.stands())
	}
	if is.MessageID != "" { // nobody gave one
		r.Fatalf("%s, and has the provider's id %q", is.State, is.MessageID)
	}
	expired, err := w.s.Expired(r.Context(), monday.Add(time.Hour))
	w.check(err)
	leases := false
	for _, e := range expired {
		leases = leases || e.ID == w.id()
	}
	if want := w.w.lease != noLease; leases != want {
		r.Fatalf("leased: %t, in the model: %t", leases, want)
	}
	busy, err := w.s.InFlight(r.Context(), riverside, w.phone(1))
	w.check(err)
	if want := w.w.lease != noLease && w.w.state == gateway.Sending && w.w.number == 1; busy != want {
		r.Fatalf("leaving for the first number: %t, in the model: %t", busy, want)
	}
}
