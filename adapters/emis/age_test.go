package emis_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"bellman/adapters/emis/emissim"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// kept makes a cache that says of its answers for one path that it has had them
// so long; with an empty age it leaves out every word of when they were made.
func kept(path, age string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				w = keeper{w, age}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// keeper changes the headers of an answer just before they leave.
type keeper struct {
	http.ResponseWriter
	age string
}

func (k keeper) WriteHeader(status int) {
	if k.age == "" {
		k.Header()["Date"] = nil
	} else {
		k.Header().Set("Age", k.age)
	}
	k.ResponseWriter.WriteHeader(status)
}

func TestTheDiaryIsAsOldAsTheOlderOfTheTwoAnswers(t *testing.T) {
	for _, path := range []string{pathBooked, pathChanged} {
		s := play(t, monday, nil, kept(path, "10800"))
		s.read(t) // the first read asks for no changes
		feed := s.read(t)
		if want := monday.Add(-3 * time.Hour); !feed.AsOf.Equal(want) || !feed.Complete {
			t.Errorf("%s kept for three hours: as of %v, want %v", path, feed.AsOf, want)
		}
		if len(feed.Notes) != 1 {
			t.Errorf("%s kept for three hours: the operator is told %q", path, feed.Notes)
		}
	}
}

func TestAnOldListSpeaksForNoLongerThanItsOwnWindow(t *testing.T) {
	s := play(t, monday, nil, kept(pathBooked, "10800"))
	s.span.To = monday.AddDate(0, 2, 0)
	if feed, want := s.read(t), monday.AddDate(0, 0, 30).Add(-3*time.Hour); !feed.Covers.To.Equal(want) {
		t.Errorf("speaks for the days until %v, want %v", feed.Covers.To, want)
	}
}

func TestChangesAreAskedForSinceTheOldAnswerWasMade(t *testing.T) {
	s := play(t, monday, nil, kept(pathBooked, "86400"))
	s.read(t)
	s.read(t)
	if got := s.asked.To(pathChanged)[0].URL.Query().Get("fromDate"); got != "15/11/2026" {
		t.Errorf("asked for the changes since %s, want the day before", got)
	}
}

func TestAnAnswerWithoutADateIsOfNow(t *testing.T) {
	s := play(t, monday, nil, kept(pathBooked, ""))
	s.clock.Advance(time.Minute)
	if feed := s.read(t); !feed.AsOf.Equal(s.clock.Now()) || len(feed.Notes) != 0 {
		t.Errorf("as of %v, want %v; notes %q", feed.AsOf, s.clock.Now(), feed.Notes)
	}
}

func TestALookIntoACacheIsAnErrorWhicheverAnswerItKept(t *testing.T) {
	for _, path := range []string{pathAppointments, pathDemographics} {
		s := play(t, monday, nil, kept(path, "600"))
		a := s.one(t)
		if again, err := s.adapter.Reread(t.Context(), a); !errors.Is(err, outbound.ErrOld) || again != (gateway.Appointment{}) {
			t.Errorf("%s kept for ten minutes: error %v", path, err)
		}
	}
}

func TestAnOldWordThatNothingIsBookedDoesNotCancel(t *testing.T) {
	s := play(t, monday, nil, kept(pathAppointments, "600"))
	a := s.one(t)
	s.sim.SetFaults(emissim.Faults{Empty: true, EmptyAs404: true})
	if _, err := s.adapter.Reread(t.Context(), a); !errors.Is(err, outbound.ErrOld) {
		t.Errorf("error %v", err)
	}
}

func TestCachesAreAskedToAskAgain(t *testing.T) {
	s := play(t, monday, nil, nil)
	s.read(t)
	if got := s.asked.To(pathBooked)[0].Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control is %q", got)
	}
}
