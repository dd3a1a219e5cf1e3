package emis_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"bellman/adapters/emis"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

const pathCancel = "/api/v1/appointments/CancelAppointment"

// cutting answers calls for a path in its own way.
func cutting(path string, how func(next http.Handler, w http.ResponseWriter, r *http.Request)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				how(next, w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func hangUp(w http.ResponseWriter) {
	if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = c.Close()
	}
}

func (s *stage) status(t *testing.T) gateway.Status {
	t.Helper()
	v, _ := s.diary.Visit(88001)
	return v.Status
}

func TestACancelledAppointmentIsConfirmedByEMISItself(t *testing.T) {
	for _, format := range formats {
		s := play(t, monday, in(format), nil)
		a := s.one(t)
		if err := s.adapter.CancelAppointment(t.Context(), a); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if s.status(t) != gateway.StatusCancelled || len(s.asked.To(pathCancel)) != 1 {
			t.Errorf("%s: asked %d times", format, len(s.asked.To(pathCancel)))
		}
	}
}

func TestAnAppointmentThatIsNoLongerTheSameIsLeftAlone(t *testing.T) {
	for what, change := range map[string]func(*stage){
		"moved":             func(s *stage) { s.diary.Move(88001, monday.AddDate(0, 0, 3)) },
		"cancelled already": func(s *stage) { s.diary.Cancel(88001) },
		"another patient's": func(s *stage) {
			other := s.diary.Register(surgery.Person{Given: "Nia", Mobile: "07700 900777"})
			s.diary.Change(88001, func(v *surgery.Visit) { v.Person = other })
		},
	} {
		s := play(t, monday, nil, nil)
		a := s.one(t)
		change(s)
		err := s.adapter.CancelAppointment(t.Context(), a)
		if !errors.Is(err, gateway.ErrNotWritten) || len(s.asked.To(pathCancel)) != 0 {
			t.Errorf("%s: asked %d times (%v)", what, len(s.asked.To(pathCancel)), err)
		}
	}
}

func TestACancellationIsAskedForOnceWhateverComesBack(t *testing.T) {
	for _, c := range []struct {
		what      string
		how       func(next http.Handler, w http.ResponseWriter, r *http.Request)
		certain   bool
		cancelled bool
	}{
		{"refused", func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, true, false},
		{"a token that is out of date", func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
		}, true, false},
		{"an error of theirs", func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, false, false},
		{"they hang up before it", func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { hangUp(w) }, false, false},
		{"they hang up after it", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&nowhere{}, r)
			hangUp(w)
		}, false, true},
		{"it is said to be done and is not", func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }, false, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			var asked atomic.Int64
			s := play(t, monday, nil, cutting(pathCancel, func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				c.how(next, w, r)
			}))
			a := s.one(t)
			err := s.adapter.CancelAppointment(t.Context(), a)
			if err == nil || errors.Is(err, gateway.ErrNotWritten) != c.certain {
				t.Errorf("it says %v", err)
			}
			if asked.Load() != 1 || (s.status(t) == gateway.StatusCancelled) != c.cancelled {
				t.Errorf("asked %d times", asked.Load())
			}
		})
	}
}

func TestACancellationForWhichThereIsNoTurnIsCertainlyNotMade(t *testing.T) {
	var c emis.Config
	s := play(t, monday, func(config *emis.Config) { c = *config }, nil)
	a := s.one(t)
	for turns := 0; ; turns++ {
		left := turns
		adapter, err := emis.New(c, gateway.Surroundings{Clock: s.clock, Trial: true, Turn: func(context.Context) error {
			if left--; left < 0 {
				return context.DeadlineExceeded
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(adapter.CloseIdle)
		err = adapter.CancelAppointment(t.Context(), a)
		if len(s.asked.To(pathCancel)) > 0 {
			return // from here on it was asked for
		}
		if !errors.Is(err, gateway.ErrNotWritten) {
			t.Fatalf("after %d turns: %v", turns, err)
		}
	}
}

// nowhere takes an answer that nobody hears.
type nowhere struct{ h http.Header }

func (n *nowhere) Header() http.Header {
	if n.h == nil {
		n.h = http.Header{}
	}
	return n.h
}
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}
