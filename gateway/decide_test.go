package gateway_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"bellman/gateway"
)

// question is everything that Decide is asked.
type question struct {
	seen   time.Time
	policy gateway.Policy
	a      gateway.Appointment
	owed   gateway.Owed
	nation gateway.Nation
	moment gateway.Moment
}

func (q question) decide() gateway.Decision { return q.policy.Decide(q.a, q.owed, q.nation, q.moment) }

func goodPatient() gateway.Patient {
	return gateway.Patient{ID: "1", Mobile: gateway.NewPhone("+447700900101"), MobileKind: gateway.NumberMobile}
}

// sendable is a question whose answer is Send, at once.
func sendable(t fataler) question {
	p := gateway.Policy{Rules: []gateway.Rule{mustRule(t, "1d")}, Hours: weekdays(480, 1080), StaleAfter: 90 * time.Minute, Latest: time.Hour}
	start := at("Wed 11 Nov 2026 10:00")
	seen := start.AddDate(0, 0, -20)
	now := at("Tue 10 Nov 2026 10:00")
	return question{
		policy: p,
		a:      gateway.Appointment{ID: "a", Patient: goodPatient(), Start: start, Status: gateway.StatusBooked},
		owed:   p.Plan(start, gateway.England, seen)[0],
		nation: gateway.England,
		moment: gateway.Moment{Now: now, FeedAsOf: now.Add(-10 * time.Minute)},
	}
}

// fact is one thing laid over a question, with the answer that must follow when
// nothing stronger speaks.
type fact struct {
	name    string
	lay     func(*question)
	verdict gateway.Verdict
	reason  gateway.Reason
}

// oneList is a list of clinics.
var oneList = gateway.Digest{1}

func forbiddingFacts() []fact {
	status := func(name string, s gateway.Status, r gateway.Reason) fact {
		return fact{name, func(q *question) { q.a.Status = s }, gateway.Suppress, r}
	}
	number := func(name string, k gateway.NumberKind, r gateway.Reason) fact {
		return fact{name, func(q *question) { q.a.Patient.MobileKind, q.a.Patient.Mobile = k, gateway.Phone{} }, gateway.Suppress, r}
	}
	return []fact{
		status("cancelled", gateway.StatusCancelled, gateway.Cancelled),
		status("arrived", gateway.StatusArrived, gateway.NotExpected),
		status("finished", gateway.StatusFinished, gateway.NotExpected),
		status("missed", gateway.StatusMissed, gateway.NotExpected),
		status("not booked", gateway.StatusNotBooked, gateway.NotExpected),
		{"restricted", func(q *question) { q.a.Patient.Restricted = gateway.FlagYes }, gateway.Suppress, gateway.Restricted},
		{"deceased", func(q *question) { q.a.Patient.Deceased = gateway.FlagYes }, gateway.Suppress, gateway.Deceased},
		{"left", func(q *question) { q.a.Patient.Left = gateway.FlagYes }, gateway.Suppress, gateway.LeftPractice},
		{"declined", func(q *question) { q.a.Patient.Declined = gateway.FlagYes }, gateway.Suppress, gateway.Declined},
		{"blind, and reads braille", func(q *question) { q.a.Patient.Needs = gateway.NeedsBraille }, gateway.Suppress, gateway.NeedsOtherWay},
		{"at a sensitive clinic", func(q *question) { q.a.Class = gateway.ClinicSensitive }, gateway.Suppress, gateway.Sensitive},
		{"reminded by the clinical system", func(q *question) { q.a.Reminded = gateway.FlagYes }, gateway.Suppress, gateway.SourceReminds},
		number("no number", gateway.NumberMissing, gateway.NoMobile),
		number("landline", gateway.NumberLandline, gateway.Landline),
		number("foreign number", gateway.NumberOther, gateway.NotAMobile),
		{"opted out", func(q *question) { q.moment.OptedOut = true }, gateway.Suppress, gateway.OptedOut},
		{"its visit opted out", func(q *question) { q.moment.VisitOut = true }, gateway.Suppress, gateway.VisitOptedOut},
		{"at a clinic that the number wants no texts about", func(q *question) {
			q.moment.Clinics, q.a.Judged = oneList, gateway.ClinicJudged{List: oneList, Out: true}
		}, gateway.Suppress, gateway.ClinicOptedOut},
		{"off the list", func(q *question) { q.moment.OffList = true }, gateway.Suppress, gateway.NotOnAllowList},
		{"merged", func(q *question) { q.moment.Merged = true }, gateway.Suppress, gateway.Merged},
		{"too late", func(q *question) { q.moment.Now = q.owed.Until }, gateway.Suppress, gateway.TooLate},
		{"long past", func(q *question) { q.moment.Now = q.a.Start.AddDate(1, 0, 0) }, gateway.Suppress, gateway.TooLate},
		{"booked late", func(q *question) {
			q.owed.Late = true
		}, gateway.Suppress, gateway.BookedLate},
	}
}

func unclearFacts() []fact {
	return []fact{
		{"status not understood", func(q *question) { q.a.Status = gateway.StatusUnknown }, gateway.Hold, gateway.StatusUnclear},
		{"status of a later version", func(q *question) { q.a.Status = 99 }, gateway.Hold, gateway.StatusUnclear},
		{"time stands twice", func(q *question) { q.a.StartDoubt = gateway.TimeAmbiguous }, gateway.Hold, gateway.TimeUnclear},
		{"time does not exist", func(q *question) { q.a.StartDoubt = gateway.TimeMissing }, gateway.Hold, gateway.TimeUnclear},
		{"number not understood", func(q *question) { q.a.Patient.MobileKind = gateway.NumberUnclear }, gateway.Hold, gateway.MobileUnclear},
		{"number kind of a later version", func(q *question) { q.a.Patient.MobileKind = 99 }, gateway.Hold, gateway.MobileUnclear},
		{"mobile without a number", func(q *question) { q.a.Patient.Mobile = gateway.Phone{} }, gateway.Hold, gateway.MobileUnclear},
		{"restriction unclear", func(q *question) { q.a.Patient.Restricted = gateway.FlagUnclear }, gateway.Hold, gateway.RestrictUnclear},
		{"death unclear", func(q *question) { q.a.Patient.Deceased = gateway.FlagUnclear }, gateway.Hold, gateway.DeceasedUnclear},
		{"registration unclear", func(q *question) { q.a.Patient.Left = gateway.FlagUnclear }, gateway.Hold, gateway.LeftUnclear},
		{"choice unclear", func(q *question) { q.a.Patient.Declined = gateway.FlagUnclear }, gateway.Hold, gateway.DeclinedUnclear},
		{"reminders of the clinical system unclear", func(q *question) { q.a.Reminded = gateway.FlagUnclear }, gateway.Hold, gateway.RemindedUnclear},
		{"clinic of a later version", func(q *question) { q.a.Class = 99 }, gateway.Hold, gateway.ClinicUnclear},
		{"needs not understood", func(q *question) { q.a.Patient.Needs = gateway.NeedsNotUnderstood }, gateway.Hold, gateway.NeedsUnclear},
		{"sixteen, and another has the number", func(q *question) { q.a.Age, q.moment.Shared = gateway.Age16To17, true }, gateway.Hold, gateway.YoungShared},
		{"an age not understood, and another has the number", func(q *question) { q.a.Age, q.moment.Shared = gateway.AgeUnclear, true }, gateway.Hold, gateway.YoungShared},
		{"at a clinic that was not told, of a number that wants no texts about one", func(q *question) { q.moment.Clinics = oneList }, gateway.Hold, gateway.ClinicUntold},
		{"time of another zone", func(q *question) { q.a.StartDoubt = gateway.TimeElsewhere }, gateway.Hold, gateway.TimeUnclear},
		{"flag of a later version", func(q *question) { q.a.Patient.Deceased = 99 }, gateway.Hold, gateway.DeceasedUnclear},
		{"withdrawals held", func(q *question) { q.moment.Standing = gateway.ManyWithdrawals }, gateway.Hold, gateway.ManyWithdrawals},
		{"feed never read", func(q *question) { q.moment.FeedAsOf = time.Time{} }, gateway.Hold, gateway.FeedStale},
		{"feed stale", func(q *question) { q.moment.FeedAsOf = q.moment.Now.Add(-q.policy.StaleAfter - time.Second) }, gateway.Hold, gateway.FeedStale},
		{"feed a minute ahead", func(q *question) { q.moment.FeedAsOf = q.moment.Now.Add(gateway.Wobble) }, gateway.Hold, gateway.FeedStale},
		{"feed from the future", func(q *question) { q.moment.FeedAsOf = q.moment.Now.Add(q.policy.StaleAfter + time.Second) }, gateway.Hold, gateway.FeedStale},
	}
}

func TestThePlainCaseIsSent(t *testing.T) {
	q := sendable(t)
	got := q.decide()
	if got.Verdict != gateway.Send || got.Reason != gateway.None || !got.At.Equal(q.moment.Now) || !got.Until.Equal(at("Tue 10 Nov 2026 18:00")) {
		t.Errorf("got %+v", got)
	}
}

func TestEachFactAloneGivesItsReason(t *testing.T) {
	for _, f := range append(forbiddingFacts(), unclearFacts()...) {
		q := sendable(t)
		f.lay(&q)
		if got := q.decide(); got.Verdict != f.verdict || got.Reason != f.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", f.name, got.Verdict, got.Reason, f.verdict, f.reason)
		}
	}
}

func TestWhatIsForbiddenIsSuppressedAndNeverMerelyHeld(t *testing.T) {
	for _, forbidding := range forbiddingFacts() {
		for _, unclear := range unclearFacts() {
			q := sendable(t)
			unclear.lay(&q)
			forbidding.lay(&q)
			if got := q.decide(); got.Verdict != gateway.Suppress {
				t.Errorf("%s after %s: %s (%s)", forbidding.name, unclear.name, got.Verdict, got.Reason)
			}
			unclear.lay(&q)
			if replaced(q, forbidding) {
				continue
			}
			if got := q.decide(); got.Verdict != gateway.Suppress {
				t.Errorf("%s before %s: %s (%s)", forbidding.name, unclear.name, got.Verdict, got.Reason)
			}
		}
	}
}

// replaced reports whether a fact no longer stands because a later one took its
// place: a visit has one status, a patient one number and one flag of each kind.
func replaced(q question, f fact) bool {
	again := q
	f.lay(&again)
	return again.a != q.a
}

func TestZeroValuesAreNeverSent(t *testing.T) {
	for name, empty := range map[string]func(*question){
		"everything":  func(q *question) { *q = question{} },
		"policy":      func(q *question) { q.policy = gateway.Policy{} },
		"appointment": func(q *question) { q.a = gateway.Appointment{} },
		"patient":     func(q *question) { q.a.Patient = gateway.Patient{} },
		"owed":        func(q *question) { q.owed = gateway.Owed{} },
		"moment":      func(q *question) { q.moment = gateway.Moment{} },
		"hours":       func(q *question) { q.policy.Hours = gateway.Hours{} },
		"status":      func(q *question) { q.a.Status = 0 },
		"mobile":      func(q *question) { q.a.Patient.Mobile = gateway.Phone{} },
		"feed":        func(q *question) { q.moment.FeedAsOf = time.Time{} },
	} {
		q := sendable(t)
		empty(&q)
		if got := q.decide(); got.Verdict == gateway.Send {
			t.Errorf("without %s it is sent", name)
		}
	}
	if (gateway.Decision{}).Verdict != gateway.Hold {
		t.Error("an unset verdict is not hold")
	}
}

// A Monday visit whose day before is closed. What counts as booked late is the
// moment that the rule names, not the one to which the hours move it.
func TestAReminderForAMondayDependsOnWhenTheVisitWasBooked(t *testing.T) {
	for _, c := range []struct {
		start, seen, now string
		verdict          gateway.Verdict
		reason           gateway.Reason
		at               string
	}{
		{"Mon 16 Nov 2026 10:00", "Sat 14 Nov 2026 12:00", "Sat 14 Nov 2026 12:05", gateway.Send, gateway.None, "Mon 16 Nov 2026 08:00"},
		{"Mon 16 Nov 2026 10:00", "Sun 15 Nov 2026 12:00", "Sun 15 Nov 2026 12:05", gateway.Suppress, gateway.BookedLate, ""},
		{"Mon 16 Nov 2026 09:00", "Sat 14 Nov 2026 12:00", "Sat 14 Nov 2026 12:05", gateway.Suppress, gateway.TooLate, ""}, // Monday 08:00 is the last useful moment
		{"Mon 16 Nov 2026 09:00", "Fri 13 Nov 2026 08:00", "Fri 13 Nov 2026 08:05", gateway.Send, gateway.None, "Fri 13 Nov 2026 09:00"},
		{"Mon 16 Nov 2026 09:00", "Fri 13 Nov 2026 08:00", "Fri 13 Nov 2026 17:59", gateway.Send, gateway.None, "Fri 13 Nov 2026 17:59"},
		{"Mon 16 Nov 2026 09:00", "Fri 13 Nov 2026 08:00", "Fri 13 Nov 2026 18:00", gateway.Suppress, gateway.TooLate, ""}, // the service was down on Friday
	} {
		q := sendable(t)
		q.a.Start = at(c.start)
		q.owed = q.policy.Plan(q.a.Start, q.nation, at(c.seen))[0]
		q.moment = gateway.Moment{Now: at(c.now), FeedAsOf: at(c.now)}
		got := q.decide()
		if got.Verdict != c.verdict || got.Reason != c.reason || c.at != "" && !got.At.Equal(at(c.at)) {
			t.Errorf("%s seen %s, now %s: %s (%s) at %s", c.start, c.seen, c.now, got.Verdict, got.Reason, got.At)
		}
	}
}

// genQuestion draws a question of which a good part is sent.
func genQuestion(t *rapid.T) question {
	p := genPolicy(t)
	if rapid.Bool().Draw(t, "usual hours") {
		p.Hours = weekdays(480, 1080)
	}
	if len(p.Rules) == 0 {
		p.Rules = []gateway.Rule{mustRule(t, "1d")}
	}
	q := question{policy: p, nation: rapid.SampledFrom(gateway.Nations).Draw(t, "nation")}
	q.a = gateway.Appointment{ID: "a", Patient: goodPatient(), Start: genPublished(t, "start"), Status: gateway.StatusBooked}
	minutes := func(name string, from, to int) time.Duration {
		return time.Duration(rapid.IntRange(from, to).Draw(t, name)) * time.Minute
	}
	seen := q.a.Start.Add(-minutes("seen before", 0, rapid.SampledFrom([]int{4, 90}).Draw(t, "days")*24*60))
	q.seen = seen
	owed := p.Plan(q.a.Start, q.nation, seen)
	q.owed = owed[rapid.IntRange(0, len(owed)-1).Draw(t, "which")]
	now := q.owed.SendAt.Add(minutes("now", -3*24*60, 3*24*60))
	if rapid.Bool().Draw(t, "on time") {
		now = q.owed.SendAt
	}
	q.moment = gateway.Moment{Now: now, FeedAsOf: now.Add(-minutes("feed age", -30, 300))}
	return q
}

func layAny(t *rapid.T, q *question, facts []fact, atLeast int) {
	for range rapid.IntRange(atLeast, 3).Draw(t, "facts") {
		rapid.SampledFrom(facts).Draw(t, "fact").lay(q)
	}
}

// TestSendMeansThatItMayBeSentThen checks every promise of Send against clocks
// and calendars worked out by hand. It counts how often Send was said, so that it
// cannot pass by never being asked.
func TestSendMeansThatItMayBeSentThen(t *testing.T) {
	sent := 0
	rapid.Check(t, func(t *rapid.T) {
		q := genQuestion(t)
		got := q.decide()
		if got.Verdict != gateway.Send {
			if got.Reason == gateway.None {
				t.Errorf("%s without a reason", got.Verdict)
			}
			return
		}
		sent++
		m := q.moment
		switch {
		case got.Reason != gateway.None:
			t.Errorf("sent, with the reason %s", got.Reason)
		case !handOf(q.policy.Hours, q.nation).open(got.At):
			t.Errorf("sent at %s, when it is closed", got.At)
		case got.At.Before(m.Now) || got.At.Before(q.owed.SendAt):
			t.Errorf("sent at %s, now it is %s and it was planned for %s", got.At, m.Now, q.owed.SendAt)
		case !got.At.Before(got.Until) || got.Until.After(q.owed.Until):
			t.Errorf("sent at %s until %s, useful until %s", got.At, got.Until, q.owed.Until)
		case q.a.Start.Sub(got.At) <= q.policy.Latest:
			t.Errorf("sent %s before the visit", q.a.Start.Sub(got.At))
		case m.Now.Sub(m.FeedAsOf) > q.policy.StaleAfter, m.FeedAsOf.Sub(m.Now) >= gateway.Wobble:
			t.Errorf("sent on a feed %s old", m.Now.Sub(m.FeedAsOf))
		case q.owed.Due.Before(q.seen) && !q.policy.SendBookedLate:
			t.Errorf("sent although it was due at %s and first seen at %s", q.owed.Due, q.seen)
		case got.Until.Sub(got.At) > 24*time.Hour:
			t.Errorf("may be tried for %s", got.Until.Sub(got.At))
		}
	})
	if sent == 0 {
		t.Error("nothing was ever sent: the test saw none of what it checks")
	}
}

func TestNoForbiddingOrUnclearFactIsEverSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := genQuestion(t)
		layAny(t, &q, forbiddingFacts(), 1)
		if got := q.decide(); got.Verdict != gateway.Suppress {
			t.Errorf("forbidden, and %s (%s)", got.Verdict, got.Reason)
		}
		q = genQuestion(t)
		layAny(t, &q, unclearFacts(), 1)
		if got := q.decide(); got.Verdict == gateway.Send {
			t.Errorf("unclear, and sent")
		}
	})
}

// Learning something bad never turns a reminder that was not sent into one that is.
func TestMoreDoubtNeverMeansMoreTexts(t *testing.T) {
	all := append(forbiddingFacts(), unclearFacts()...)
	rapid.Check(t, func(t *rapid.T) {
		q := genQuestion(t)
		layAny(t, &q, all, 0)
		before := q.decide()
		rapid.SampledFrom(all).Draw(t, "one more").lay(&q)
		if got := q.decide(); got.Verdict == gateway.Send {
			t.Errorf("it was %s (%s), and one bad fact more sends it", before.Verdict, before.Reason)
		}
	})
}

func TestTheReasonFitsTheVerdict(t *testing.T) {
	all := append(forbiddingFacts(), unclearFacts()...)
	rapid.Check(t, func(t *rapid.T) {
		q := genQuestion(t)
		layAny(t, &q, all, 0)
		got := q.decide()
		suppressing := got.Reason >= gateway.Cancelled && got.Reason < gateway.FeedStale
		holding := got.Reason >= gateway.FeedStale && got.Reason < gateway.ProviderOptOut
		if got.Verdict == gateway.Suppress != suppressing || got.Verdict == gateway.Hold != holding {
			t.Errorf("%s for the reason %s", got.Verdict, got.Reason)
		}
		if got.Verdict != gateway.Send && got.Reason.Words() == "" {
			t.Errorf("reception could not be told why: reason %d", got.Reason)
		}
	})
}

func TestTheServersZoneDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := genQuestion(t)
		layAny(t, &q, unclearFacts(), 0)
		underZones(t, func(server *time.Location) [4]int64 {
			moved := q
			moved.a.Start = q.a.Start.In(server)
			moved.moment.Now, moved.moment.FeedAsOf = q.moment.Now.In(server), q.moment.FeedAsOf.In(server)
			moved.owed.Due, moved.owed.SendAt, moved.owed.Until = q.owed.Due.In(server), q.owed.SendAt.In(server), q.owed.Until.In(server)
			got := moved.decide()
			return [4]int64{int64(got.Verdict), int64(got.Reason), got.At.Unix(), got.Until.Unix()}
		})
	})
}

// A minute sweep over two weeks with a clock change and over Easter: whatever
// the moment, what Decide lets go leaves in the window and before the visit.
func TestNothingLeavesOutsideTheWindowAtAnyMinuteOfTwoWeeks(t *testing.T) {
	hand := handOf(weekdays(480, 1080), gateway.England)
	for _, start := range []string{"Tue 27 Oct 2026 08:30", "Tue 30 Mar 2027 10:00", "Tue 7 Apr 2026 09:30"} {
		q := sendable(t)
		q.a.Start = at(start)
		now := 0
		for _, o := range q.policy.Plan(q.a.Start, q.nation, q.a.Start.AddDate(0, -1, 0)) {
			q.owed = o
			for m := q.a.Start.AddDate(0, 0, -14); m.Before(q.a.Start.AddDate(0, 0, 1)); m = m.Add(time.Minute) {
				q.moment.Now, q.moment.FeedAsOf = m, m
				got := q.decide()
				if got.Verdict != gateway.Send || !got.At.Equal(m) {
					continue
				}
				now++
				if !hand.open(m) || !m.Before(q.a.Start.Add(-time.Hour)) || m.Before(o.SendAt) {
					t.Fatalf("a text for %s leaves at %s", start, m.In(gateway.London()))
				}
			}
		}
		if now == 0 {
			t.Errorf("nothing was ever sent for %s", start)
		}
	}
}
