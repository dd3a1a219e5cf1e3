package sender_test

import (
	"net/url"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store/storetest"
)

func TestWhatIsDueIsSentOnceWithTheRightWordsFromTheRightSender(t *testing.T) {
	s := newStage(t)
	a := person(1)
	s.booked(riverside, a)
	r := s.start()
	r.quiet()
	s.texts(phone(1), 0) // on Friday nothing is due
	s.come(monday.Add(-time.Second))
	r.quiet()
	s.texts(phone(1), 0)

	s.clock.Advance(time.Second)
	r.quiet()
	got := s.texts(phone(1), 1)
	if want := "You have an appointment with Riverside Surgery on Tuesday 24 November at 10am. To change it, call 01632 960001. Reply STOP to stop these texts."; got[0].Body != want || got[0].From != fromRiverside {
		t.Errorf("the text differs, or came from another sender:\n%s", got[0].Body)
	}
	id := s.id(riverside, a, day)
	form := s.wire.all()[0]
	callback, err := url.Parse(form.Get("StatusCallback"))
	if err != nil || callback.Host != "texts.example.org" || callback.Query().Get("r") != id.String() {
		t.Error("receipts would not find the reminder")
	}
	// It is useful until an hour before the visit, and may leave until six.
	if want := "28800"; form.Get("ValidityPeriod") != want {
		t.Errorf("the provider may try for %s seconds, want %s", form.Get("ValidityPeriod"), want)
	}
	s.stands(id, gateway.Accepted, gateway.None)
	if st := s.standing(id); st.MessageID != got[0].MessageID || st.Attempts != 1 {
		t.Errorf("kept with the reminder: %d attempts, the provider's id is right: %t", st.Attempts, st.MessageID == got[0].MessageID)
	}

	for range 3 { // later reads and looks change nothing
		s.come(s.clock.Now().Add(time.Hour))
		r.quiet()
	}
	s.texts(phone(1), 1)
	s.explained()
	for name, want := range map[string]float64{
		"bellman_reminders_sent_total": 1, "bellman_sms_segments_total": 1, "bellman_reminder_lateness_seconds": 1, "bellman_send_duration_seconds": 1,
	} {
		if got := r.metric(name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func TestValidityEndsWithTheLastUsefulMoment(t *testing.T) {
	s := newStage(t)
	for i := range s.surgs {
		s.surgs[i].Policy.Rules = []gateway.Rule{hours}
	}
	s.booked(riverside, person(1))
	s.come(tuesday.Add(-2 * time.Hour)) // two hours late: eight in the morning
	s.start().quiet()
	s.texts(phone(1), 1)
	if got := s.wire.all()[0].Get("ValidityPeriod"); got != "3600" {
		t.Errorf("the provider may try for %s seconds; the text is of no use after one hour", got)
	}
}

func TestOutsideTheWindowATextWaitsForTheOpening(t *testing.T) {
	s := newStage(t)
	a := person(1)
	s.booked(riverside, a)
	s.come(monday)
	s.clock.Set(time.Date(2026, time.November, 23, 18, 0, 0, 0, time.UTC)) // nobody was there to send it before six
	s.read(riverside)
	r := s.start()
	r.quiet()
	s.texts(phone(1), 0)
	s.stands(s.id(riverside, a, day), gateway.Queued, gateway.None)
	opening := time.Date(2026, time.November, 24, 8, 0, 0, 0, time.UTC)
	s.come(opening.Add(-time.Minute))
	r.quiet()
	s.texts(phone(1), 0)
	s.come(opening)
	r.quiet()
	s.texts(phone(1), 1)
}

func TestWhatIsTooLateIsWithdrawn(t *testing.T) {
	s := newStage(t)
	a := person(1)
	s.booked(riverside, a)
	s.clock.Set(tuesday.Add(-time.Hour))
	r := s.start()
	r.quiet()
	s.texts(phone(1), 0)
	s.stands(s.id(riverside, a, day), gateway.Withdrawn, gateway.TooLate)
	if n := s.moves.told(gateway.TooLate); n != 1 {
		t.Errorf("told %d times", n)
	}
	s.explained()
}

func TestAStaleFeedHoldsAndAFreshOneSends(t *testing.T) {
	s := newStage(t)
	a := person(1)
	s.booked(riverside, a)
	s.come(monday.Add(-91 * time.Minute))
	s.clock.Set(monday)
	r := s.start()
	r.quiet()
	s.stands(s.id(riverside, a, day), gateway.Held, gateway.FeedStale)
	for range 3 {
		s.clock.Advance(time.Minute)
		r.quiet()
	}
	s.stands(s.id(riverside, a, day), gateway.Held, gateway.FeedStale)
	s.texts(phone(1), 0)
	if n := s.moves.told(gateway.FeedStale); n != 1 {
		t.Errorf("one hold was told %d times", n)
	}
	s.come(s.clock.Now().Add(time.Minute))
	r.quiet()
	s.texts(phone(1), 1)
}

func TestADamagedRecordIsHeldAndWrittenAnewByTheNextRead(t *testing.T) {
	s := newStage(t)
	a, neighbour := person(1), person(2)
	s.booked(riverside, a, neighbour)
	s.come(monday)
	s.damage(a)
	r := s.start()
	r.quiet()
	s.stands(s.id(riverside, a, day), gateway.Held, gateway.RecordUnreadable)
	s.texts(phone(1), 0)
	s.texts(phone(2), 1)
	s.come(monday.Add(time.Minute))
	r.quiet()
	s.texts(phone(1), 1)
}

func TestADamagedRecordIsGivenUpInTheEnd(t *testing.T) {
	s := newStage(t)
	a := person(1)
	s.booked(riverside, a)
	s.come(monday)
	s.damage(a)
	s.clock.Set(tuesday.Add(-time.Hour))
	s.start().quiet()
	s.stands(s.id(riverside, a, day), gateway.Withdrawn, gateway.TooLate)
}

// damage spoils the sealed part of an appointment's record and leaves its head.
func (s *stage) damage(a gateway.Appointment) {
	s.t.Helper()
	ref := must(s.store.Ref(s.t.Context(), riverside, a.Identity()))
	c := storetestClient(s)
	key := storetest.Key(riverside, "a")
	record := must(c.HGet(s.t.Context(), key, string(ref[:])).Bytes())
	record[len(record)-1] ^= 1
	if err := c.HSet(s.t.Context(), key, string(ref[:]), record).Err(); err != nil {
		s.t.Fatal(err)
	}
}

func TestAPracticeThatIsNotConfiguredLosesNothing(t *testing.T) {
	s := newStage(t)
	a := person(1)
	s.booked(riverside, a)
	s.come(monday)
	without := s.start(onlyPractice(hillside))
	without.quiet()
	s.stands(s.id(riverside, a, day), gateway.Held, gateway.FeedStale)
	s.texts(phone(1), 0)
	without.stop()
	s.come(monday.Add(2 * time.Minute))
	s.start().quiet()
	s.texts(phone(1), 1)
}

func TestATextThatCannotBeWordedIsHeldAndStopsNoOther(t *testing.T) {
	s := newStage(t)
	s.render = func(p gateway.Practice, a gateway.Appointment, now time.Time) (gateway.Text, int, error) {
		if a.Patient.Mobile == gateway.NewPhone(phone(1)) {
			panic("worded badly")
		}
		return gateway.NewText("Riverside Surgery"), 1, nil
	}
	s.booked(riverside, person(1), person(2))
	s.come(monday)
	s.start().quiet()
	s.stands(s.id(riverside, person(1), day), gateway.Held, gateway.WordingFailed)
	s.texts(phone(2), 1)
}

func TestAnEmptiedStoreSendsNothing(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	if err := storetestClient(s).FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Rejoin(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The inbox has marked what may be lost; reading goes on in hold.
	if err := s.store.SetRestoration(t.Context(), gateway.Restoration{Since: s.clock.Now(), Practices: 2}); err != nil {
		t.Fatal(err)
	}
	s.booked(riverside, person(1))
	s.come(monday)
	r := s.start()
	r.quiet()
	s.texts(phone(1), 0)
	if !r.memory.InHold() {
		t.Error("the store is not in hold")
	}
	if err := s.store.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.quiet()
	s.texts(phone(1), 1)
}

// A family of three with one phone, of which the practice sends two texts a day.
func TestOneTextTooManyForAPhoneGoesTheNextOpenDayOrSaysWhyNot(t *testing.T) {
	s := newStage(t)
	for i := range s.surgs {
		s.surgs[i].Policy.MostADay = 2
	}
	family := []gateway.Appointment{person(1), person(2), person(3)}
	for i := range family {
		family[i].Patient.Mobile = person(1).Patient.Mobile
		family[i].Start = family[i].Start.Add(time.Duration(i) * time.Minute)
	}
	s.booked(riverside, family...)
	s.come(monday.Add(5 * time.Minute))
	r := s.start()
	r.quiet()
	s.texts(phone(1), 2)
	s.stands(s.id(riverside, family[2], day), gateway.Queued, gateway.None)
	opening := time.Date(2026, time.November, 24, 8, 0, 0, 0, time.UTC)
	s.come(opening.Add(-time.Minute))
	r.quiet()
	s.come(opening)
	r.quiet()
	s.texts(phone(1), 3)

	// On Tuesday two more are due today only.
	late := []gateway.Appointment{person(4), person(5)}
	for i := range late {
		late[i].Patient.Mobile = person(1).Patient.Mobile
		late[i].Start = time.Date(2026, time.November, 25, 8, 30+i, 0, 0, time.UTC)
	}
	s.booked(riverside, late...)
	s.come(opening.Add(40 * time.Minute))
	r.quiet()
	s.texts(phone(1), 4)
	s.stands(s.id(riverside, late[1], day), gateway.Withdrawn, gateway.EnoughToday)
	s.explained()
}
