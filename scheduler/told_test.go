package scheduler_test

import (
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/store/storetest"
	"bellman/scheduler"
)

// spoil damages what is sealed in the record of an appointment; its head stays.
func (s *stage) spoil(a gateway.Appointment) {
	s.t.Helper()
	ref := s.id(a, day).Ref
	key := storetest.Key(riverside, "a")
	record := []byte(must(s.raw.HGet(s.t.Context(), key, string(ref[:])).Result()))
	record[len(record)-1] ^= 1
	if err := s.raw.HSet(s.t.Context(), key, string(ref[:]), record).Err(); err != nil {
		s.t.Fatal(err)
	}
}

// Whether a text went is known also of an appointment whose record cannot be opened.
func TestAVisitBookedAgainIsToldOnceAlsoWhereTheOldRecordCannotBeOpened(t *testing.T) {
	for texted, want := range map[bool]gateway.Reason{true: gateway.AlreadyTold, false: gateway.None} {
		t.Run(map[bool]string{true: "texted", false: "not texted"}[texted], func(t *testing.T) {
			s := newStage(t)
			s.surgery.Policy.SendBookedLate = true
			s.booked(person(1))
			s.come(monday)
			if texted {
				s.send()
			}
			s.clock.Advance(time.Minute)
			s.spoil(person(1))
			again := person(1)
			again.ID = "99001"
			known := must(s.store.Known(t.Context(), riverside))
			d := scheduler.Drafting{
				Practice: s.surgery.Practice, Feed: gateway.Feed{Appointments: []gateway.Appointment{again}, AsOf: s.clock.Now()}, Diary: known, Now: s.clock.Now(),
			}.Make()
			if err := d.TellOnce(t.Context(), s.store, riverside, known); err != nil {
				t.Fatal(err)
			}
			if got := d.Entries[0].Plan[0].Reason; got != want {
				t.Errorf("it is withheld for %q, want %q", got, want)
			}
		})
	}
}
