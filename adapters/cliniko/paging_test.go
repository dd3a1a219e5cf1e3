package cliniko_test

import (
	"testing"
	"time"

	"bellman/adapters/cliniko/clinikosim"
	"bellman/gateway"
)

func TestADiaryThatChangesWhileItIsPagedIsReadAgain(t *testing.T) {
	for what, do := range map[string]func(s *stage){
		"one is deleted without a trace":  func(s *stage) { s.diary.Remove(88001) },
		"one is cancelled":                func(s *stage) { s.diary.Cancel(88001) },
		"one is archived":                 func(s *stage) { s.sim.Archive(88001) },
		"one moves out of the days":       func(s *stage) { s.diary.Move(88001, monday.AddDate(1, 0, 0)) },
		"one is deleted, another is new":  func(s *stage) { s.diary.Remove(88001); s.book(monday.AddDate(0, 0, 2)) },
		"one is archived, another is new": func(s *stage) { s.sim.Archive(88001); s.book(monday.AddDate(0, 0, 2)) },
	} {
		t.Run(what, func(t *testing.T) {
			s := paged(t)
			once := false
			s.sim.OnPage(func(list string, page int) {
				if list == "individual_appointments" && page == 2 && !once {
					once = true
					do(s)
					s.clock.Advance(5 * time.Second)
				}
			})
			s.clock.Advance(time.Hour) // what is there is older than the read
			feed := s.whole(t)
			want := map[time.Time]bool{}
			for _, v := range s.diary.Visits() {
				if s.span.Has(v.Start) && v.Slot != 88001 {
					want[v.Start] = true
				}
			}
			for _, a := range feed.Appointments {
				if a.Status == gateway.StatusBooked {
					delete(want, a.Start)
				}
			}
			if !once || len(want) != 0 {
				t.Errorf("changed between pages: %t; %d booked visits are missing from a read that says it is complete", once, len(want))
			}
		})
	}
}

// paged sets a stage with nine visits on three pages.
func paged(t *testing.T) *stage {
	t.Helper()
	s := play(t, nil, nil)
	for i := range 9 {
		s.book(monday.AddDate(0, 0, 3).Add(time.Duration(i) * time.Hour))
	}
	s.sim.SetFaults(clinikosim.Faults{PageSize: 3})
	return s
}

func TestADiaryThatAlwaysChangesIsNeverComplete(t *testing.T) {
	s := paged(t)
	s.clock.Advance(time.Hour)
	s.sim.OnPage(func(list string, page int) {
		if list == "individual_appointments" && page == 2 {
			s.diary.Move(88009, monday.AddDate(0, 0, 5))
		}
	})
	feed := s.read(t)
	if feed.Complete || len(feed.Notes) == 0 || len(feed.Appointments) != 9 {
		t.Errorf("complete %t with %d appointments, notes %q", feed.Complete, len(feed.Appointments), feed.Notes)
	}
	s.sim.OnPage(nil)
	s.clock.Advance(time.Hour)
	s.whole(t)
}

func TestAPagedDiaryThatStandsStillIsComplete(t *testing.T) {
	s := paged(t)
	s.clock.Advance(time.Hour)
	if feed := s.whole(t); len(feed.Appointments) != 9 {
		t.Errorf("%d appointments, want 9", len(feed.Appointments))
	}
}

func TestPagesThatCannotBeFollowedAreErrors(t *testing.T) {
	for what, f := range map[string]clinikosim.Faults{
		"on another host": {PageSize: 3, ForeignNext: true}, "in a circle": {PageSize: 3, CircularNext: true},
	} {
		s := paged(t)
		s.sim.SetFaults(f)
		if feed, err := s.adapter.Read(t.Context(), s.span); err == nil || feed.Complete || len(feed.Appointments) != 0 {
			t.Errorf("%s: %d appointments, error %v", what, len(feed.Appointments), err)
		}
	}
}

func TestWithoutATotalNothingIsComplete(t *testing.T) {
	s := play(t, nil, nil)
	s.book(monday.AddDate(0, 0, 7))
	s.sim.SetFaults(clinikosim.Faults{NoTotals: true})
	if feed := s.read(t); feed.Complete || len(feed.Appointments) != 1 {
		t.Errorf("complete %t, %d appointments", feed.Complete, len(feed.Appointments))
	}
}
