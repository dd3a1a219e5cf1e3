package sender_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
	"bellman/gateway/sender"
)

// An eight-hour outage on a Monday with 5,000 texts due. Riverside texts four hours
// before its visits, which are on the same day, so that many texts are of no use
// any more when the outage ends; hillside texts a day before. Both text on weekdays
// from eight to six, not within an hour of the visit, and have a slot every ten
// minutes.
const (
	dayOfTexts = 5000
	slots      = 60
	eightHours = 8 * time.Hour
)

var outages = []struct {
	name string
	from time.Duration // after midnight
}{
	{"ends within the hours of texting", 9*time.Hour + 5*time.Minute},
	{"ends after the hours of texting", 10*time.Hour + 35*time.Minute},
}

// monday0 is the midnight before the texts.
var monday0 = monday.Add(-10 * time.Hour)

// owedText is one text of the day, and what the test knows of it without asking
// the ledger.
type owedText struct {
	n          int
	practice   gateway.Practice
	visit      gateway.Appointment
	rule       gateway.Rule
	due, until time.Time
	cancelled  bool // while the diary could not be read
}

// outageDay is the day, with a sender and an inbox at work.
type outageDay struct {
	*stage
	line       line
	in         *inbox.Inbox
	r          *running
	owed       map[string]*owedText // by number
	from, back time.Time
	looked     []time.Time  // every moment at which the sender did all that it could
	leaving    atomic.Int64 // written down as leaving, the hand-over not over
}

// newOutageDay books the day, and lets it be Monday before eight.
func newOutageDay(t *testing.T, from time.Duration, asks ...ask) *outageDay {
	t.Helper()
	d := &outageDay{stage: newStage(t, asks...), owed: map[string]*owedText{}, from: monday0.Add(from), back: monday0.Add(from + eightHours)}
	d.line.to.Store(d.provider)
	rules := map[gateway.ODS]gateway.Rule{riverside: hours, hillside: day}
	var practices []gateway.Practice
	for i := range d.surgs {
		p := &d.surgs[i]
		p.Policy.Rules = []gateway.Rule{rules[p.ODS]}
		practices = append(practices, p.Practice)
		for n := range dayOfTexts / len(d.surgs) {
			d.book(p.Practice, rules[p.ODS], i*dayOfTexts/len(d.surgs)+n)
		}
	}
	o := inbox.Options{
		Memory: d.store, Practices: practices, Clock: &d.clock, Log: d.log.Logger(), Metrics: inbox.NewMetrics(prometheus.NewRegistry(), practices),
		Lister: &d.line, Render: message.Render, Settle: time.Minute, Moved: d.moves.add,
		Answers: message.Answers(),
	}
	d.in = inbox.New(o)
	d.come(friday)
	d.come(monday0.Add(7*time.Hour + 50*time.Minute))
	d.line.over = func() { d.leaving.Add(-1) }
	d.r = d.ready(func(o *sender.Options) { o.Provider = &d.line })
	d.r.memory.moved = func(cs []gateway.Change) error {
		for _, c := range cs {
			if c.To == gateway.Sending {
				d.leaving.Add(1)
			}
		}
		return nil
	}
	d.r.run()
	return d
}

func (d *outageDay) book(p gateway.Practice, r gateway.Rule, n int) {
	number := fmt.Sprintf("+4477009%05d", n)
	o := &owedText{n: n, practice: p, rule: r, due: monday0.Add(8*time.Hour + time.Duration(n%slots)*10*time.Minute)}
	start := o.due.AddDate(0, 0, 1)
	if r == hours {
		start = o.due.Add(4 * time.Hour)
	}
	o.until = start.Add(-time.Hour)
	o.visit = gateway.Appointment{
		ID: gateway.AppointmentID(fmt.Sprint("88", n)), Start: start, Site: "5", Mode: gateway.ModeInPerson, Status: gateway.StatusBooked,
		Patient: gateway.Patient{ID: gateway.PatientID(fmt.Sprint("1", n)), Mobile: gateway.NewPhone(number), MobileKind: gateway.NumberMobile},
	}
	d.diaries[p.ODS].book(o.visit)
	d.owed[number] = o
}

// till lets time pass in steps; at each the sender and the inbox do what they can.
// On the hour the diaries are read.
func (d *outageDay) till(end time.Time, step time.Duration) {
	d.t.Helper()
	for now := d.clock.Now(); now.Before(end); {
		now = now.Add(step).Truncate(step)
		if now.After(end) {
			now = end
		}
		d.clock.Set(now)
		if now.Equal(now.Truncate(time.Hour)) {
			d.readBoth()
		}
		d.workOff()
	}
}

// readBoth reads the diaries; whether that works depends on the outage.
func (d *outageDay) readBoth() {
	for _, p := range d.surgs {
		_ = d.sched.Tick(d.t.Context(), p)
	}
}

// workOff lets the inbox settle what it can, and the sender send what it may.
func (d *outageDay) workOff() {
	d.t.Helper()
	for _, p := range d.surgs {
		_ = d.in.Reconcile(d.t.Context(), p.Practice) // fails while the provider is away
	}
	d.r.quiet()
	d.looked = append(d.looked, d.clock.Now())
}

// afterwards plays the rest of Monday, the night, and Tuesday.
func (d *outageDay) afterwards() {
	d.t.Helper()
	d.till(d.back.Add(4*time.Minute), time.Minute)
	d.till(monday0.Add(18*time.Hour+10*time.Minute), 10*time.Minute)
	d.till(monday0.Add(32*time.Hour), time.Hour)
	d.till(monday0.Add(42*time.Hour), time.Hour)
}

// came holds every phone's record and the ledger against what the day owed. works
// says whether texts could go at a moment; unsure of which texts it is not known
// whether they made it before the outage.
func (d *outageDay) came(works func(time.Time) bool, unsure func(*owedText) bool) {
	d.t.Helper()
	texts := map[string][]twiliosim.Taken{}
	for _, x := range d.sim.Taken() {
		texts[x.To] = append(texts[x.To], x)
		d.inTime(x)
	}
	ends := map[string]int{}
	for number, o := range d.owed {
		st := d.standing(d.id(o.practice.ODS, o.visit, o.rule))
		could := d.could(o, works)
		ok := false
		switch {
		case st.State == gateway.Accepted, st.State == gateway.Delivered: // the provider's list tells of those that it settled
			ok = len(texts[number]) == 1 && (could || unsure(o))
		case st.State == gateway.Withdrawn && st.Reason == gateway.Cancelled:
			ok = len(texts[number]) == 0 && o.cancelled
		case st.State == gateway.Withdrawn && st.Reason == gateway.TooLate, st.State == gateway.Failed && st.Reason == gateway.UnknownOutcome:
			ok = len(texts[number]) == 0 && !could
		}
		if !ok {
			d.t.Errorf("a %s text due at %s, useful until %s, is %s (%s); %d came, and it could be sent: %t",
				o.rule, o.due.Format("Mon 15:04"), o.until.Format("Mon 15:04"), st.State, st.Reason, len(texts[number]), could)
		}
		ends[fmt.Sprintf("%s (%s)", st.State, st.Reason)]++
	}
	if open := d.count(gateway.Queued) + d.count(gateway.Held) + d.count(gateway.Claimed) + d.count(gateway.Sending) + d.count(gateway.Unknown); open != 0 {
		d.t.Errorf("%d are still open", open)
	}
	if told := d.moves.told(gateway.TooLate); told != ends["withdrawn (too_late)"] {
		d.t.Errorf("%d were told of as too late, %d are", told, ends["withdrawn (too_late)"])
	}
	if ends["withdrawn (too_late)"] == 0 || ends["accepted ()"] == 0 {
		d.t.Errorf("nothing was too late, or nothing went: %v", ends)
	}
	d.explained()
	d.t.Log(ends)
}

// inTime checks the moment of one text: inside the hours of texting, before its
// last useful moment, and allowed to be tried for no longer than both.
func (d *outageDay) inTime(x twiliosim.Taken) {
	d.t.Helper()
	o, known := d.owed[x.To]
	if !known || x.From != o.practice.Sender {
		d.t.Error("a text that nobody owes")
		return
	}
	if !isOpen(x.At) || x.At.Before(o.due) || !x.At.Before(o.until) {
		d.t.Errorf("a text due at %v, useful until %v, went at %v", o.due, o.until, x.At)
	}
	if last := x.At.Add(x.Validity); last.After(o.until) || last.After(closing(x.At)) {
		d.t.Errorf("a text useful until %v may be tried until %v", o.until, last)
	}
}

// could reports whether there was a moment at which a text could go.
func (d *outageDay) could(o *owedText, works func(time.Time) bool) bool {
	for _, t := range d.looked {
		if isOpen(t) && works(t) && !t.Before(o.due) && t.Before(o.until) && !(o.cancelled && !t.Before(d.back)) {
			return true
		}
	}
	return false
}

// isOpen says whether texts may go: it is winter, London is at UTC, and the days
// of these tests are weekdays.
func isOpen(t time.Time) bool { return t.Hour() >= 8 && t.Hour() < 18 }

func closing(t time.Time) time.Time { return t.Truncate(24 * time.Hour).Add(18 * time.Hour) }

func nobody(*owedText) bool { return false }

// line is the way to the provider, which a test can cut and mend.
type line struct {
	to   atomic.Pointer[twilio.Provider]
	over func() // after every hand-over, if not nil
}

func (l *line) Name() string { return l.to.Load().Name() }

func (l *line) Send(ctx context.Context, m gateway.Outgoing) (gateway.Handover, error) {
	if l.over != nil {
		defer l.over()
	}
	return l.to.Load().Send(ctx, m)
}

func (l *line) List(ctx context.Context, since time.Time, numbers ...gateway.Phone) ([]gateway.Listed, error) {
	return l.to.Load().List(ctx, since, numbers...)
}

func (l *line) Inbound(ctx context.Context, since time.Time, sender string) ([]gateway.Listed, int, error) {
	return l.to.Load().Inbound(ctx, since, sender)
}

func (l *line) Outbound(ctx context.Context, since time.Time, sender string) ([]gateway.Listed, error) {
	return l.to.Load().Outbound(ctx, since, sender)
}

func (l *line) Message(ctx context.Context, id string) (gateway.Listed, bool, error) {
	return l.to.Load().Message(ctx, id)
}
