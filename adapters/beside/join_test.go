package beside_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// own is a practice's own system.
type own struct {
	feed gateway.Feed
	err  error
}

func (o *own) Read(context.Context, gateway.Span) (gateway.Feed, error) { return o.feed, o.err }

// looking can look again.
type looking struct {
	own
	is  gateway.Appointment
	err error
}

func (l *looking) Reread(context.Context, gateway.Appointment) (gateway.Appointment, error) {
	return l.is, l.err
}

var span = gateway.Span{From: friday, To: friday.AddDate(0, 0, 14)}

func TestWhatALookFindsIsStillThereInTheNextRead(t *testing.T) {
	s := newStage(t)
	s.other.say(1, yes)
	alive := gatewaytest.Person(1)
	source := joined(t, &own{feed: gateway.Feed{Appointments: []gateway.Appointment{alive}, Complete: true, AsOf: friday}}, []gateway.Checker{s.memory})
	first, err := source.Read(t.Context(), span)
	if err != nil || first.Appointments[0] != alive || !first.Complete {
		t.Fatalf("the first read is not the practice's own (error %v)", err)
	}
	is, err := source.(gateway.Rereader).Reread(t.Context(), alive)
	if err != nil || is.Patient.Deceased != yes {
		t.Fatalf("deceased is %d (error %v)", is.Patient.Deceased, err)
	}
	second, err := source.Read(t.Context(), span)
	if err != nil || second.Appointments[0] != is {
		t.Errorf("the next read forgot it (error %v)", err)
	}
	if first.Appointments[0] != alive {
		t.Error("the practice's own read was written over")
	}
}

func TestTheOwnSystemIsLookedAtFirst(t *testing.T) {
	s := newStage(t)
	a := gatewaytest.Person(1)
	moved := a
	moved.Start = a.Start.Add(time.Hour)
	inner := &looking{is: moved}
	source := joined(t, inner, []gateway.Checker{s.memory}).(gateway.Rereader)
	if is, err := source.Reread(t.Context(), a); err != nil || is != moved {
		t.Errorf("the move was not seen (error %v)", err)
	}
	s.asked(1)
	inner.err = errDown
	if is, err := source.Reread(t.Context(), a); !errors.Is(err, errDown) || is != (gateway.Appointment{}) {
		t.Errorf("error %v", err)
	}
	s.asked(0)
}

func TestNobodyIsAskedAboutWhomNothingIsSent(t *testing.T) {
	for what, change := range map[string]func(*gateway.Appointment){
		"cancelled":          func(a *gateway.Appointment) { a.Status = gateway.StatusCancelled },
		"of unknown status":  func(a *gateway.Appointment) { a.Status = gateway.StatusUnknown },
		"of a dead patient":  func(a *gateway.Appointment) { a.Patient.Deceased = yes },
		"of one who left":    func(a *gateway.Appointment) { a.Patient.Left = yes },
		"declined":           func(a *gateway.Appointment) { a.Patient.Declined = yes },
		"restricted":         func(a *gateway.Appointment) { a.Patient.Restricted = unclear },
		"reminded elsewhere": func(a *gateway.Appointment) { a.Reminded = yes },
		"in doubt":           func(a *gateway.Appointment) { a.StartDoubt = gateway.TimeAmbiguous },
	} {
		s := newStage(t)
		a := gatewaytest.Person(1)
		inner := &looking{is: a}
		change(&inner.is)
		is, err := joined(t, inner, []gateway.Checker{s.memory}).(gateway.Rereader).Reread(t.Context(), a)
		if err != nil || is != inner.is {
			t.Errorf("%s: changed (error %v)", what, err)
		}
		s.asked(0)
		s.other.say(1, yes)
		s.check(1) // but what is known is laid over it, as in a read
		s.clock.Advance(100 * time.Hour)
		is, err = joined(t, inner, []gateway.Checker{s.memory}).(gateway.Rereader).Reread(t.Context(), a)
		if err != nil || is.Patient.Deceased != yes {
			t.Errorf("%s: deceased is %d (error %v)", what, is.Patient.Deceased, err)
		}
		s.asked(1)
	}
}

// speaker is a checker that does as it is told.
type speaker func(gateway.Appointment) (gateway.Appointment, error)

func (s speaker) Check(_ context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	return s(a)
}

func TestACheckerSpeaksOfTheAppointmentItWasAskedAbout(t *testing.T) {
	for what, change := range map[string]func(*gateway.Appointment){
		"id":      func(a *gateway.Appointment) { a.ID += "x" },
		"patient": func(a *gateway.Appointment) { a.Patient.ID += "x" },
		"start":   func(a *gateway.Appointment) { a.Start = a.Start.Add(time.Minute) },
	} {
		c := speaker(func(a gateway.Appointment) (gateway.Appointment, error) { change(&a); return a, nil })
		if is, err := joined(t, &own{}, []gateway.Checker{c}).(gateway.Rereader).Reread(t.Context(), gatewaytest.Person(1)); err == nil || is != (gateway.Appointment{}) {
			t.Errorf("another %s was taken", what)
		}
	}
}

func TestACheckerThatFailsEndsTheLookAndTheNextIsNotAsked(t *testing.T) {
	s := newStage(t)
	c := speaker(func(gateway.Appointment) (gateway.Appointment, error) { return gateway.Appointment{}, errDown })
	_, err := joined(t, &own{}, []gateway.Checker{c, s.memory}).(gateway.Rereader).Reread(t.Context(), gatewaytest.Person(1))
	if !errors.Is(err, errDown) {
		t.Errorf("error %v", err)
	}
	s.asked(0)
}

func TestAReadFailsWhereTheOwnOneDoesOrWhatIsKnownCannotBeLookedUp(t *testing.T) {
	s := newStage(t)
	inner := &own{err: errDown}
	source := joined(t, inner, []gateway.Checker{s.memory})
	if _, err := source.Read(t.Context(), span); !errors.Is(err, errDown) {
		t.Errorf("error %v", err)
	}
	inner.err = nil
	inner.feed.Appointments = []gateway.Appointment{gatewaytest.Person(1)}
	s.shelf.Fail(errDown)
	if feed, err := source.Read(t.Context(), span); !errors.Is(err, errDown) || feed.Appointments != nil {
		t.Errorf("the diary alone was given (error %v)", err)
	}
}

// powers of a practice's own system.
type (
	listens struct{ heard int }
	cancels struct{ done int }
	writes  struct{ done int }
)

func (l *listens) Listen(context.Context, func()) error { l.heard++; return nil }

func (c *cancels) CancelAppointment(context.Context, gateway.Appointment) error { c.done++; return nil }

func (w *writes) WriteDeclined(context.Context, gateway.Patient) error { w.done++; return nil }

func TestAJoinedSourceHasThePowersOfItsPartsAndNoOthers(t *testing.T) {
	var l listens
	var c cancels
	var w writes
	for what, source := range map[string]gateway.Source{
		"": &own{},
		"l": struct {
			*own
			*listens
		}{&own{}, &l},
		"c": struct {
			*own
			*cancels
		}{&own{}, &c},
		"w": struct {
			*own
			*writes
		}{&own{}, &w},
		"lc": struct {
			*own
			*listens
			*cancels
		}{&own{}, &l, &c},
		"lw": struct {
			*own
			*listens
			*writes
		}{&own{}, &l, &w},
		"cw": struct {
			*own
			*cancels
			*writes
		}{&own{}, &c, &w},
		"lcw": struct {
			*own
			*listens
			*cancels
			*writes
		}{&own{}, &l, &c, &w},
	} {
		for _, checker := range []gateway.Checker{newStage(t).memory, struct {
			speaker
			*cancels
		}{nil, &c}} {
			_, byChecker := checker.(gateway.Canceller)
			made, got := joined(t, source, []gateway.Checker{checker}), ""
			if p, ok := made.(gateway.Listener); ok {
				got += "l"
				_ = p.Listen(t.Context(), nil)
			}
			if p, ok := made.(gateway.Canceller); ok {
				got += "c"
				_ = p.CancelAppointment(t.Context(), gateway.Appointment{})
			}
			if p, ok := made.(gateway.PreferenceWriter); ok {
				got += "w"
				_ = p.WriteDeclined(t.Context(), gateway.Patient{})
			}
			want := map[bool]map[string]string{
				false: {"": "", "l": "l", "c": "c", "w": "w", "lc": "lc", "lw": "lw", "cw": "cw", "lcw": "lcw"},
				true:  {"": "c", "l": "lc", "c": "c", "w": "cw", "lc": "lc", "lw": "lcw", "cw": "cw", "lcw": "lcw"},
			}[byChecker][what]
			if _, ok := made.(gateway.Rereader); !ok || got != want {
				t.Errorf("of %q (checker cancels: %t) it has %q, want %q; rereads: %t", what, byChecker, got, want, ok)
			}
		}
	}
	if l.heard == 0 || c.done == 0 || w.done == 0 {
		t.Error("a power does not reach what is behind it")
	}
}

func TestWithoutCheckersNothingIsJoined(t *testing.T) {
	o := &own{}
	if got := joined(t, o, nil); got != gateway.Source(o) {
		t.Error("the practice's own source was wrapped")
	}
}

func TestALookAtOneVisitForgetsNothingAboutOthers(t *testing.T) {
	s := newStage(t)
	s.other.say(2, yes)
	s.check(2)
	s.other.goDown(errDown) // for so long that only the reads keep what was learnt
	s.clock.Advance(cache + 14*24*time.Hour)
	inner := &looking{is: gatewaytest.Person(1)}
	inner.is.Status = gateway.StatusCancelled
	looks := joined(t, inner, []gateway.Checker{s.open()}).(gateway.Rereader)
	if is, err := looks.Reread(t.Context(), gatewaytest.Person(1)); err != nil || is != inner.is {
		t.Fatalf("error %v", err)
	}
	if s.flag(2) != yes {
		t.Error("another patient came back to life")
	}
}
