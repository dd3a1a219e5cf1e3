package sender_test

import (
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

// A text of unknown fate whose visit leaves the diary meanwhile, and which turns
// out never to have arrived: it must not go then.
func TestWhatNeverArrivedIsNotSentForAVisitThatLeftTheDiary(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1), person(2))
	s.come(monday)
	id := s.id(riverside, person(1), day)
	catch := must(s.store.Claim(t.Context(), gateway.Claiming{Now: monday, Limit: 10, Lease: time.Minute, Token: gateway.Token{1}}))
	for _, c := range catch.Claims {
		for _, st := range []gateway.State{gateway.Sending, gateway.Unknown} {
			must(s.store.Move(t.Context(), monday, []gateway.Change{{ID: c.ID, Token: c.Token, To: st, At: monday.Add(time.Minute)}}))
		}
	}
	s.diaries[riverside].drop(person(1).ID)
	s.come(monday.Add(15 * time.Minute))
	s.stands(id, gateway.Unknown, gateway.None)
	for n := 1; n <= 2; n++ { // the provider's list shows neither
		must(s.store.Move(t.Context(), s.clock.Now(), []gateway.Change{{ID: s.id(riverside, person(n), day), To: gateway.Queued}}))
	}
	s.start().quiet()
	s.stands(id, gateway.Withdrawn, gateway.Gone)
	s.texts(phone(1), 0)
	s.texts(phone(2), 1)
	s.explained()
}

// A slot that is given to another patient: each hears of what is theirs, and
// nobody's text counts for the other.
func TestASlotThatIsGivenToAnotherPatientIsAnotherAppointment(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts int // that the first patient gets
		again bool
	}{
		{"before the first patient was texted", 0, false},
		{"after the first patient was texted", 1, false},
		{"which only the re-read finds", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asks []ask
			if c.again {
				asks = append(asks, canReread)
			}
			s := newStage(t, asks...)
			// Texts on Monday at ten for the first, and again on Tuesday at six for
			// either.
			s.rules(day, hours)
			first, second := person(1), person(2)
			first.Start = tuesday.Add(4 * time.Hour)
			second.ID, second.Start = first.ID, first.Start
			s.booked(riverside, first)
			s.come(monday.Add(4 * time.Hour))
			var r *running
			if c.texts == 1 {
				r = s.start()
				r.quiet()
			}
			if c.again {
				s.diaries[riverside].book(second)
				r = s.start()
				r.quiet()
				s.stands(s.id(riverside, first, day), gateway.Withdrawn, gateway.Cancelled)
			}
			s.diaries[riverside].book(second)
			s.come(monday.Add(4*time.Hour + time.Minute))
			s.come(tuesday) // four hours before: the second text of whoever has the slot now
			if c.texts == 0 && !c.again {
				r = s.start()
			}
			r.quiet()
			// A sender that looked between the clock's jump and the read held what is due,
			// on an old diary, and looks again a minute later.
			s.clock.Advance(time.Minute)
			r.quiet()
			s.texts(phone(1), c.texts)
			for _, x := range s.texts(phone(2), 1) {
				if !strings.Contains(x.Body, "Tuesday 24 November") {
					t.Error("the text names another day")
				}
			}
			if got := s.standing(s.id(riverside, second, hours)); got.State != gateway.Accepted {
				t.Errorf("the second patient's reminder is %s", got.State)
			}
			tasks := must(s.store.Tasks(t.Context(), riverside))
			if len(tasks) != c.texts || len(tasks) == 1 && tasks[0].ID.Kind != gateway.TaskCancelled {
				t.Errorf("%d tasks", len(tasks))
			}
			s.explained()
		})
	}
}

func (s *stage) rules(rs ...gateway.Rule) {
	for i := range s.surgs {
		s.surgs[i].Policy.Rules = rs
	}
}

// A visit that is cancelled and booked again under a new id, in whatever order
// the two are seen, and however far the first one's text had come.
func TestAVisitBookedAgainUnderANewIDIsToldOnce(t *testing.T) {
	for _, moved := range []bool{false, true} {
		for _, order := range []string{"cancelled first", "booked first", "in one read"} {
			for _, when := range []string{"before the text", "after the text"} {
				name := order + ", " + when
				if moved {
					name = "to another time, " + name
				}
				t.Run(name, func(t *testing.T) {
					s := newStage(t)
					old, again := person(1), person(1)
					again.ID = "99001"
					if moved {
						again.Start = tuesday.Add(5 * time.Hour)
					}
					s.booked(riverside, old)
					if order == "booked first" {
						// Both stand in the diary for a while; one text speaks for them.
						s.booked(riverside, again)
					}
					s.come(monday.Add(-time.Hour))
					if when == "after the text" {
						s.come(monday)
						first := s.start()
						first.quiet()
						first.stop()
					}
					switch order {
					case "cancelled first":
						s.diaries[riverside].drop(old.ID)
						s.read(riverside)
						s.booked(riverside, again)
					case "booked first":
						s.diaries[riverside].drop(old.ID)
						s.read(riverside)
					case "in one read":
						s.diaries[riverside].drop(old.ID)
						s.booked(riverside, again)
					}
					s.come(monday)
					r := s.start()
					r.quiet()
					r.stop() // else it may look at the text before the diary is read, and hold it as stale
					s.come(monday.Add(5 * time.Hour))
					s.start().quiet()
					got := s.sim.Phone(phone(1))
					switch {
					case when == "after the text" && moved:
						if len(got) != 2 || !strings.Contains(got[1].Body, "3pm") && !strings.Contains(got[1].Body, "3:00pm") {
							t.Errorf("%d texts, want the old time's and the new one's", len(got))
						}
					case len(got) != 1:
						t.Errorf("%d texts of one visit", len(got))
					case moved && !strings.Contains(got[0].Body, "3pm") && !strings.Contains(got[0].Body, "3:00pm"):
						t.Error("the text names the old time")
					}
					s.explained()
				})
			}
		}
	}
}

// Where a practice sends what was booked late at once, a visit booked again is not
// sent at once a second time.
func TestAVisitBookedAgainLateIsToldOnce(t *testing.T) {
	s := newStage(t)
	for i := range s.surgs {
		s.surgs[i].Policy.SendBookedLate = true
	}
	s.booked(riverside, person(1), person(2))
	s.come(monday)
	r := s.start()
	r.quiet()
	again, otherSite, family := person(1), person(2), person(3)
	again.ID, otherSite.ID, otherSite.Site = "99001", "99002", "6"
	family.Patient.Mobile = person(1).Patient.Mobile
	s.diaries[riverside].drop(person(1).ID)
	s.diaries[riverside].drop(person(2).ID)
	s.booked(riverside, again, otherSite, family)
	r.quiet()
	s.stands(s.id(riverside, again, day), gateway.Withdrawn, gateway.AlreadyTold)
	s.stands(s.id(riverside, otherSite, day), gateway.Accepted, gateway.None)
	s.stands(s.id(riverside, family, day), gateway.Accepted, gateway.None)
	s.texts(phone(1), 2) // their own, and the one about the other member of the family
	s.texts(phone(2), 2) // one for each place
	s.come(monday.Add(time.Hour))
	r.quiet()
	s.stands(s.id(riverside, again, day), gateway.Withdrawn, gateway.AlreadyTold)
	s.texts(phone(1), 2)
	s.explained()
}
