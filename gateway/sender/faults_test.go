package sender_test

import (
	"fmt"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/sender"
)

// What each way to misbehave means for the reminder, and what truly reaches the
// phone in the end.
var faults = []struct {
	fault   twiliosim.Fault
	first   gateway.State // after the first try
	why     gateway.Reason
	last    gateway.State // an hour later
	arrives int
}{
	{twiliosim.TooMany, gateway.Queued, gateway.None, gateway.Accepted, 1},
	{twiliosim.Denied, gateway.Queued, gateway.None, gateway.Accepted, 1},
	{twiliosim.DeniedByProxy, gateway.Queued, gateway.None, gateway.Accepted, 1},
	{twiliosim.Slow, gateway.Accepted, gateway.None, gateway.Accepted, 1},
	{twiliosim.ErrorTaken, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 1},
	{twiliosim.ErrorLost, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 0},
	{twiliosim.Unavailable, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 0},
	{twiliosim.Redirect, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 0},
	{twiliosim.EmptyObject, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 1},
	{twiliosim.EmptyBody, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 1},
	{twiliosim.Truncated, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 1},
	{twiliosim.TakenClosed, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 1},
	{twiliosim.TakenHung, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 1},
	{twiliosim.ClosedUnread, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 0},
	{twiliosim.ProxyPage, gateway.Unknown, gateway.UnknownOutcome, gateway.Unknown, 0},
}

func TestEveryFaultOfTheProviderLeavesTheRightStateAndNeverTwoTexts(t *testing.T) {
	if len(faults) != len(twiliosim.Faults) {
		t.Errorf("%d faults are told of here, the simulator has %d", len(faults), len(twiliosim.Faults))
	}
	for _, f := range faults {
		t.Run(string(f.fault), func(t *testing.T) {
			limit := timeout
			if f.fault == twiliosim.TakenHung {
				limit = time.Second // of real time, which this test has to wait
			}
			s := newStage(t, giveUpAfter(limit))
			a := person(1)
			id := s.id(riverside, a, day)
			s.booked(riverside, a)
			s.come(monday)
			if err := s.sim.Script(f.fault); err != nil {
				t.Fatal(err)
			}
			r := s.start()
			r.quiet()
			s.stands(id, f.first, f.why)
			if f.first == gateway.Queued {
				s.texts(phone(1), 0)
			} else {
				s.texts(phone(1), f.arrives)
			}
			for _, later := range []time.Duration{time.Second, 20 * time.Second, time.Minute, time.Hour} {
				s.come(monday.Add(later))
				r.quiet()
			}
			want := gateway.None
			if f.last == gateway.Unknown {
				want = gateway.UnknownOutcome
			}
			s.stands(id, f.last, want)
			s.texts(phone(1), f.arrives)
			s.explained()
		})
	}
}

func TestTryLaterWaitsAsLongAsTheProviderAsks(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	if err := s.sim.Script(twiliosim.TooMany); err != nil {
		t.Fatal(err)
	}
	r := s.start()
	r.quiet()
	s.clock.Advance(1999 * time.Millisecond) // Retry-After: 2
	r.quiet()
	s.texts(phone(1), 0)
	s.clock.Advance(time.Second)
	r.quiet()
	s.texts(phone(1), 1)
}

func TestTryLaterGrowsSlower(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	if err := s.sim.SetRates(map[twiliosim.Fault]float64{twiliosim.TooMany: 1}); err != nil {
		t.Fatal(err)
	}
	r := s.start()
	for range 600 { // ten minutes
		r.quiet()
		s.clock.Advance(time.Second)
	}
	id := s.id(riverside, person(1), day)
	if n := s.standing(id).Attempts; n < 6 || n > 10 {
		t.Errorf("tried %d times in ten minutes", n)
	}
	s.stands(id, gateway.Queued, gateway.None)
}

func TestNobodyAnsweringIsTriedAgainWithoutHarm(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	broken := s.start(func(o *sender.Options) { o.Provider = s.unreachable() })
	broken.quiet()
	s.stands(s.id(riverside, person(1), day), gateway.Queued, gateway.None)
	broken.stop()
	s.come(monday.Add(time.Minute))
	s.start().quiet()
	s.texts(phone(1), 1)
}

func TestRefusalsSayWhy(t *testing.T) {
	s := newStage(t)
	codes := map[int]gateway.Reason{
		21211: gateway.ProviderNumber, 21614: gateway.ProviderNumber, 21635: gateway.ProviderNumber,
		21266: gateway.ProviderMessage, 21617: gateway.ProviderMessage, 21610: gateway.ProviderOptOut,
	}
	n, ids := 0, map[int]gateway.ReminderID{}
	for code := range codes {
		n++
		s.sim.SetFate(phone(n), twiliosim.Fate{Code: code})
		s.booked(riverside, person(n))
		ids[code] = s.id(riverside, person(n), day)
	}
	s.booked(riverside, person(100))
	s.come(monday)
	r := s.start()
	r.quiet()
	for code, why := range codes {
		s.stands(ids[code], gateway.Refused, why)
		if got := s.standing(ids[code]).Code; got != code {
			t.Errorf("code %d is kept as %d", code, got)
		}
		if s.moves.told(why) == 0 {
			t.Errorf("nobody was told of %s", why)
		}
	}
	s.come(monday.Add(time.Hour))
	r.quiet()
	for n := range 6 {
		s.texts(phone(n+1), 0)
	}
	s.texts(phone(100), 1) // the neighbour
	s.explained()
}

func TestABlockAtTheProviderIsAnOptOutAndWithdrawsWhatComesLater(t *testing.T) {
	s := newStage(t)
	first, later, sister := person(1), person(1), person(2)
	later.ID, later.Start = "88900", tuesday.AddDate(0, 0, 1)
	s.booked(riverside, first, later, sister)
	s.come(monday)
	s.sim.SetFate(phone(1), twiliosim.Fate{Code: 21610})
	r := s.start()
	r.quiet()
	s.stands(s.id(riverside, first, day), gateway.Refused, gateway.ProviderOptOut)
	o, out, err := s.store.OptedOut(t.Context(), riverside, first.Patient.Mobile)
	if err != nil || !out || o.By != "provider" || !o.Since.Equal(monday) {
		t.Errorf("opted out %t by %q since %v, %v", out, o.By, o.Since, err)
	}
	if _, out, _ := s.store.OptedOut(t.Context(), hillside, first.Patient.Mobile); out {
		t.Error("another practice's texts are stopped as well")
	}
	if tasks, err := s.store.Tasks(t.Context(), riverside); err != nil || len(tasks) != 1 || tasks[0].ID.Kind != gateway.TaskOptOut {
		t.Errorf("%d tasks (%v), want one: to see that the clinical system says so, too", len(tasks), err)
	}
	s.clock.Set(tuesday)
	s.read(riverside)
	r.quiet()
	s.stands(s.id(riverside, later, day), gateway.Withdrawn, gateway.OptedOut)
	s.texts(phone(1), 0)
	s.texts(phone(2), 1)
	if n := len(s.wire.all()); n != 2 {
		t.Errorf("%d requests went to the provider, want one for each number", n)
	}
}

func TestABrokenAccountBurnsNothingAndMendsByItself(t *testing.T) {
	const patients = 40
	s := newStage(t)
	for n := range patients {
		s.diaries[riverside].book(person(n))
	}
	s.come(friday)
	s.come(monday)
	if err := s.sim.SetRates(map[twiliosim.Fault]float64{twiliosim.Denied: 1}); err != nil {
		t.Fatal(err)
	}
	r := s.start()
	r.quiet()
	burst := len(s.wire.all())
	if burst == 0 || burst > 16 {
		t.Errorf("%d requests found out that the account does not work; 16 were in flight", burst)
	}
	for range 5 * 60 {
		s.clock.Advance(time.Second)
		r.quiet()
	}
	if probes := len(s.wire.all()) - burst; probes < 3 || probes > 10 {
		t.Errorf("%d requests in five minutes to see whether it works again", probes)
	}
	if r.metric("bellman_provider_broken") != 1 {
		t.Error("the metric does not tell")
	}
	if waiting := s.count(gateway.Queued) + s.count(gateway.Held); waiting != patients {
		t.Errorf("%d of %d still wait", waiting, patients)
	}
	if err := s.sim.SetRates(nil); err != nil {
		t.Fatal(err)
	}
	for range 2 * 60 {
		s.clock.Advance(time.Second)
		r.quiet()
	}
	for n := range patients {
		s.texts(phone(n), 1)
	}
	if r.metric("bellman_provider_broken") != 0 {
		t.Error("the metric still tells of trouble")
	}
	s.explained()
}

func TestOnePracticesWrongSenderStopsNoOther(t *testing.T) {
	s := newStage(t)
	s.sim.AddSender(twiliosim.Sender{Number: fromRiverside}) // hillside's is none of the account's: 21606
	for n := range 10 {
		s.diaries[riverside].book(person(n))
		s.diaries[hillside].book(person(500 + n))
	}
	s.come(friday)
	s.come(monday)
	r := s.start()
	r.quiet()
	for n := range 10 {
		s.texts(phone(n), 1)
	}
	if r.metric("bellman_provider_broken") != 0 {
		t.Error("the account is said not to work")
	}
	s.sim.AddSender(twiliosim.Sender{Number: fromHillside})
	for range 3 {
		s.clock.Advance(time.Minute)
		r.quiet()
	}
	for n := range 10 {
		s.texts(phone(500+n), 1)
	}
}

func TestUnderChanceFaultsNobodyGetsTwoTextsAndEverybodyIsAccountedFor(t *testing.T) {
	const patients = 300
	s := newStage(t)
	for n := range patients {
		s.diaries[riverside].book(person(n))
	}
	s.come(friday)
	s.come(monday)
	rates := map[twiliosim.Fault]float64{}
	for _, f := range twiliosim.Faults {
		if f != twiliosim.TakenHung && f != twiliosim.Slow {
			rates[f] = 0.05
		}
	}
	if err := s.sim.SetRates(rates); err != nil {
		t.Fatal(err)
	}
	r, other := s.start(), s.start()
	for range 30 {
		r.quiet()
		other.quiet()
		s.come(s.clock.Now().Add(30 * time.Second))
	}
	if err := s.sim.SetRates(nil); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		r.quiet()
		other.quiet()
		s.come(s.clock.Now().Add(time.Minute))
	}
	for n := range patients {
		st, arrived := s.standing(s.id(riverside, person(n), day)).State, len(s.sim.Phone(phone(n)))
		switch {
		case arrived > 1:
			t.Errorf("a phone got %d texts", arrived)
		case st == gateway.Accepted && arrived == 1, st == gateway.Unknown:
		default:
			t.Errorf("a reminder is %s, and %d texts arrived", st, arrived)
		}
	}
	s.explained()
	if got, want := r.metric("bellman_reminders_sent_total")+other.metric("bellman_reminders_sent_total"), float64(s.count(gateway.Accepted)); got != want {
		t.Errorf("%v are counted as sent, %v are", got, want)
	}
	if got := fmt.Sprint(s.count(gateway.Claimed), s.count(gateway.Sending)); got != "0 0" {
		t.Errorf("claimed and sending: %s", got)
	}
}
