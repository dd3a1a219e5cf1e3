package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

func genPolicy(t *rapid.T) gateway.Policy {
	p := gateway.Policy{
		Hours:          genHours(t),
		StaleAfter:     time.Duration(rapid.IntRange(5, 24*60).Draw(t, "stale minutes")) * time.Minute,
		Latest:         time.Duration(rapid.IntRange(15, 180).Draw(t, "latest minutes")) * time.Minute,
		SendBookedLate: rapid.Bool().Draw(t, "send booked late"),
		Closed:         map[gateway.Rule]gateway.WhenClosed{},
	}
	for range rapid.IntRange(1, 3).Draw(t, "rules") {
		// As the configuration demands, every lead time is longer than latest.
		if r := genRule(t); genStart.Sub(r.Due(genStart)) > p.Latest+time.Hour && !slices.Contains(p.Rules, r) {
			p.Rules = append(p.Rules, r)
			p.Closed[r] = rapid.SampledFrom([]gateway.WhenClosed{gateway.GoLater, gateway.GoEarlier, gateway.GoNever}).Draw(t, "when closed")
		}
	}
	return p
}

var genStart = time.Date(2026, time.June, 10, 9, 0, 0, 0, time.UTC)

func weekdays(from, to int) gateway.Hours {
	return gateway.Hours{Days: [7]bool{false, true, true, true, true, true, false}, From: from, To: to}
}

func at(s string) time.Time {
	t, err := time.ParseInLocation("Mon 2 Jan 2006 15:04", s, gateway.London())
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// The usual practice: Monday to Friday from 08:00 to 18:00, nothing within the
// last hour.
func TestAReminderGoesAtTheNextOpeningOrElseOnTheLastOpenDayBefore(t *testing.T) {
	long := "Thu 1 Jan 2026 00:00"
	for _, c := range []struct{ start, rule, seen, sendAt string }{
		{"Wed 11 Nov 2026 10:00", "1d", long, "Tue 10 Nov 2026 10:00"},                    // open: as it is
		{"Mon 16 Nov 2026 10:00", "1d", long, "Mon 16 Nov 2026 08:00"},                    // Sunday: Monday's opening is early enough
		{"Mon 16 Nov 2026 09:00", "1d", long, "Fri 13 Nov 2026 09:00"},                    // Monday's opening is too late
		{"Mon 16 Nov 2026 08:30", "1d", long, "Fri 13 Nov 2026 08:30"},                    //
		{"Sat 14 Nov 2026 09:00", "1d", long, "Fri 13 Nov 2026 09:00"},                    // a Saturday clinic
		{"Sun 15 Nov 2026 09:00", "1d", long, "Fri 13 Nov 2026 09:00"},                    //
		{"Tue 7 Apr 2026 08:30", "1d", long, "Thu 2 Apr 2026 08:30"},                      // before Easter: Good Friday is closed too
		{"Tue 7 Apr 2026 11:00", "1d", long, "Tue 7 Apr 2026 08:00"},                      //
		{"Tue 29 Dec 2026 08:30", "1d", long, "Thu 24 Dec 2026 08:30"},                    // Christmas, the substitute day and the weekend
		{"Wed 11 Nov 2026 07:30", "1d", long, "Tue 10 Nov 2026 08:00"},                    // early: opening time
		{"Wed 11 Nov 2026 19:30", "1d", long, "Wed 11 Nov 2026 08:00"},                    // late: next morning
		{"Wed 11 Nov 2026 09:00", "2h", long, "Tue 10 Nov 2026 08:00"},                    // 07:00 is closed and 08:00 the last useful moment
		{"Mon 16 Nov 2026 09:00", "1d", "Fri 13 Nov 2026 12:00", "Mon 16 Nov 2026 08:00"}, // Friday 09:00 had passed when it was booked
		{"Mon 26 Oct 2026 09:00", "1d", long, "Fri 23 Oct 2026 09:00"},                    // over the clock change
		{"Mon 29 Mar 2027 09:00", "1d", long, "Thu 25 Mar 2027 09:00"},                    // over the other, and Good Friday
		{"Mon 9 Nov 2026 09:00", "7d", long, "Mon 2 Nov 2026 09:00"},
	} {
		p := gateway.Policy{Rules: []gateway.Rule{mustRule(t, c.rule)}, Hours: weekdays(480, 1080), Latest: time.Hour}
		got := p.Plan(at(c.start), gateway.England, at(c.seen))
		if len(got) != 1 || !got[0].SendAt.Equal(at(c.sendAt)) {
			t.Errorf("%s before %s, seen %s: %s, want %s", c.rule, c.start, c.seen, got[0].SendAt.In(gateway.London()), c.sendAt)
		}
	}
}

// What a practice chose for a rule decides where a closed moment goes, and an open
// one stays where it is.
func TestAPracticeChoosesWhatBecomesOfAClosedMoment(t *testing.T) {
	rule, long := mustRule(t, "1d"), "Thu 1 Jan 2026 00:00"
	for _, c := range []struct {
		start, seen string
		closed      gateway.WhenClosed
		sendAt      string // "" for never
	}{
		{"Wed 11 Nov 2026 10:00", long, gateway.GoNever, "Tue 10 Nov 2026 10:00"},
		{"Wed 11 Nov 2026 10:00", long, gateway.GoEarlier, "Tue 10 Nov 2026 10:00"},
		{"Mon 16 Nov 2026 10:00", long, gateway.GoLater, "Mon 16 Nov 2026 08:00"},
		{"Mon 16 Nov 2026 10:00", long, gateway.GoEarlier, "Fri 13 Nov 2026 10:00"},
		{"Mon 16 Nov 2026 10:00", "Fri 13 Nov 2026 12:00", gateway.GoEarlier, "Mon 16 Nov 2026 08:00"}, // Friday had passed when it was booked
		{"Wed 11 Nov 2026 19:30", long, gateway.GoEarlier, "Tue 10 Nov 2026 17:59"},
		{"Mon 16 Nov 2026 10:00", long, gateway.GoNever, ""},
	} {
		p := gateway.Policy{
			Rules: []gateway.Rule{rule}, Closed: map[gateway.Rule]gateway.WhenClosed{rule: c.closed},
			Hours: weekdays(480, 1080), StaleAfter: 1000 * time.Hour, Latest: time.Hour,
		}
		o := p.Plan(at(c.start), gateway.England, at(c.seen))[0]
		m := gateway.Moment{Now: o.Due.Add(-96 * time.Hour), FeedAsOf: o.Due.Add(-96 * time.Hour)}
		d := p.Decide(gateway.Appointment{
			Status: gateway.StatusBooked, Start: at(c.start), Patient: gateway.Patient{Mobile: gateway.NewPhone("+447700900123"), MobileKind: gateway.NumberMobile},
		}, o, gateway.England, m)
		if c.sendAt == "" {
			if d.Verdict != gateway.Suppress || d.Reason != gateway.OutsideHours {
				t.Errorf("%s: %s %s, want that it is not sent for the hours", c.start, d.Verdict, d.Reason)
			}
			continue
		}
		if d.Verdict != gateway.Send || !d.At.Equal(at(c.sendAt)) {
			t.Errorf("%s, seen %s, choice %d: %s at %s, want %s", c.start, c.seen, c.closed, d.Verdict, d.At.In(gateway.London()), c.sendAt)
		}
	}
}

func TestPlanKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, n := genPolicy(t), rapid.SampledFrom(gateway.Nations).Draw(t, "nation")
		start := genPublished(t, "start")
		seen := start.Add(-time.Duration(rapid.IntRange(0, 90*24*60).Draw(t, "seen before")) * time.Minute)
		owed := p.Plan(start, n, seen)
		if len(owed) != len(p.Rules) {
			t.Fatalf("%d reminders for %d rules", len(owed), len(p.Rules))
		}
		for i, o := range owed {
			if i > 0 && o.Due.Before(owed[i-1].Due) {
				t.Errorf("not in order of time")
			}
			if !slices.Contains(p.Rules, o.Rule) || !o.Due.Equal(o.Rule.Due(start)) || !o.Until.Equal(start.Add(-p.Latest)) {
				t.Errorf("owed %+v", o)
			}
			checkSendAt(t, p, n, o, seen)
		}
		underZones(t, func(server *time.Location) string {
			text := ""
			for _, o := range p.Plan(start.In(server), n, seen.In(server)) {
				text += fmt.Sprint(o.Rule, o.Due.Unix(), o.SendAt.Unix(), o.Until.Unix(), " ")
			}
			return text
		})
	})
}

func checkSendAt(t *rapid.T, p gateway.Policy, n gateway.Nation, o gateway.Owed, seen time.Time) {
	hand := handOf(p.Hours, n)
	if hand.open(o.Due) {
		if !o.SendAt.Equal(o.Due) {
			t.Errorf("due in the hours at %s, sent at %s", o.Due, o.SendAt)
		}
		return
	}
	next, opens := p.Hours.Next(o.Due, n)
	before, opened := p.Hours.Before(o.Due, n)
	inTime := opens && next.Before(o.Until)
	if o.Closed != (p.Closed[o.Rule] == gateway.GoNever) {
		t.Errorf("due outside the hours and closed: %t", o.Closed)
	}
	if inTime && p.Closed[o.Rule] == gateway.GoEarlier && opened && !before.Before(seen) {
		if !o.SendAt.Equal(before) {
			t.Errorf("due %s, sent at %s and not on the open day before", o.Due, o.SendAt)
		}
		return
	}
	switch {
	case !opens && !opened:
		return
	case !inTime && opened && before.Before(seen) && !opens:
		return // what was open had passed, and nothing opens again
	case !hand.open(o.SendAt):
		t.Errorf("due %s, sent at %s, when it is closed", o.Due, o.SendAt)
	case inTime && !o.SendAt.Equal(next):
		t.Errorf("due %s, sent at %s and not at the next opening %s", o.Due, o.SendAt, next)
	case !o.SendAt.Before(o.Until) && opened && !before.Before(seen):
		t.Errorf("sent at %s, too late, although %s was possible", o.SendAt, before)
	case o.SendAt.Before(o.Due) && o.SendAt.Before(seen):
		t.Errorf("sent at %s, before the visit was known at %s", o.SendAt, seen)
	}
}

func genAppointments(t *rapid.T) []gateway.Appointment {
	as := make([]gateway.Appointment, rapid.IntRange(0, 12).Draw(t, "appointments"))
	day := time.Date(2026, time.July, 1, 8, 0, 0, 0, time.UTC)
	for i := range as {
		as[i] = gateway.Appointment{
			ID:      gateway.AppointmentID(fmt.Sprintf("a%02d", i)),
			Patient: gateway.Patient{ID: gateway.PatientID(rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "patient"))},
			Site:    rapid.SampledFrom([]string{"", "north"}).Draw(t, "site"),
			Start:   day.Add(time.Duration(rapid.IntRange(0, 16).Draw(t, "quarter")) * 15 * time.Minute),
			Status:  rapid.SampledFrom([]gateway.Status{gateway.StatusBooked, gateway.StatusBooked, gateway.StatusBooked, gateway.StatusCancelled, gateway.StatusUnknown}).Draw(t, "status"),
		}
		if rapid.IntRange(0, 9).Draw(t, "doubt") == 0 {
			as[i].StartDoubt = gateway.TimeAmbiguous
		}
	}
	return as
}

func expected(a gateway.Appointment) bool {
	return a.Status == gateway.StatusBooked && a.StartDoubt == gateway.NoDoubt && a.Patient.ID != ""
}

func speaksFor(lead, a gateway.Appointment) bool {
	gap := a.Start.Sub(lead.Start)
	return lead.ID != a.ID && lead.Patient.ID == a.Patient.ID && lead.Site == a.Site && gap >= 0 && gap <= gateway.MergeWithin
}

// Whoever is merged has an unmerged, expected visit of the same patient at the
// same site within the hour before; and two unmerged ones are further apart.
func TestAMergedAppointmentHasAnotherThatSpeaksForIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		as := genAppointments(t)
		leads := gateway.Merge(as)
		merged := map[gateway.AppointmentID]bool{}
		for id, lead := range leads {
			merged[id] = true
			if _, follows := leads[lead.ID]; follows {
				t.Errorf("%s speaks for %s and is spoken for itself", lead.ID, id)
			}
		}
		for _, a := range as {
			spoken := slices.ContainsFunc(as, func(lead gateway.Appointment) bool {
				return expected(lead) && !merged[lead.ID] && speaksFor(lead, a)
			})
			switch {
			case merged[a.ID] && !expected(a):
				t.Errorf("%s is not expected and merged", a.ID)
			case merged[a.ID] && !spoken:
				t.Errorf("%s is merged and nobody speaks for it", a.ID)
			case !merged[a.ID] && expected(a) && slices.ContainsFunc(as, func(lead gateway.Appointment) bool {
				return expected(lead) && !merged[lead.ID] && speaksFor(lead, a) && lead.Start.Before(a.Start)
			}):
				t.Errorf("%s is told twice", a.ID)
			}
		}
	})
}

func TestMergingDoesNotDependOnTheOrderOfTheFeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		as := genAppointments(t)
		shuffled := slices.Clone(as)
		seed := rapid.Uint64().Draw(t, "shuffle")
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if a, b := fmt.Sprint(leadsOf(as)), fmt.Sprint(leadsOf(shuffled)); a != b {
			t.Errorf("%s in one order and %s in another", a, b)
		}
	})
}

func TestVisitsWithinTheHourAreOneText(t *testing.T) {
	day := time.Date(2026, time.July, 1, 9, 0, 0, 0, time.UTC)
	visit := func(id gateway.AppointmentID, minutes int) gateway.Appointment {
		return gateway.Appointment{ID: id, Patient: gateway.Patient{ID: "7"}, Start: day.Add(time.Duration(minutes) * time.Minute), Status: gateway.StatusBooked}
	}
	as := []gateway.Appointment{visit("first", 0), visit("same time", 0), visit("at the hour", 60), visit("past the hour", 61), visit("its follower", 90)}
	got := leadsOf(as)
	for id, want := range map[gateway.AppointmentID]bool{"first": false, "same time": true, "at the hour": true, "past the hour": false, "its follower": true} {
		if _, merged := got[id]; merged != want {
			t.Errorf("%s: merged %v", id, merged)
		}
	}
	as[0].Status = gateway.StatusCancelled
	if _, merged := leadsOf(as)["same time"]; merged {
		t.Error("a cancelled visit speaks for another")
	}
}

// leadsOf gives for each merged appointment the one that speaks for it.
func leadsOf(as []gateway.Appointment) map[gateway.AppointmentID]gateway.AppointmentID {
	out := map[gateway.AppointmentID]gateway.AppointmentID{}
	for id, lead := range gateway.Merge(as) {
		out[id] = lead.ID
	}
	return out
}

func TestOfManyRemindersThatWereDueBeforeTheBookingOneIsSentAtOnce(t *testing.T) {
	p := gateway.Policy{Rules: []gateway.Rule{mustRule(t, "7d"), mustRule(t, "1d"), mustRule(t, "2h")}, Hours: weekdays(0, 1440), Latest: time.Hour, SendBookedLate: true}
	seen := at("Wed 11 Nov 2026 16:00")
	owed := p.Plan(at("Thu 12 Nov 2026 10:00"), gateway.England, seen)
	if !owed[0].Late || owed[1].Late || owed[2].Late {
		t.Errorf("7d late %v, 1d late %v, 2h late %v", owed[0].Late, owed[1].Late, owed[2].Late)
	}
}
