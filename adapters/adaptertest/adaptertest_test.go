package adaptertest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/number"
)

// mistake names one way in which the source of this test is wrong, so that the
// suite can be seen to catch it. The empty mistake is a right source.
const mistake = "BELLMAN_SUITE_MISTAKE"

func TestARightSourcePasses(t *testing.T) {
	run(t, os.Getenv(mistake))
}

func TestEveryMistakeIsCaught(t *testing.T) {
	for _, m := range []string{
		"an hour off", "local zone", "landline as mobile", "blind to death", "blind to leaving", "cancelled as booked",
		"id without the patient", "unstable ids", "complete after an error", "empty after an error", "bad record ends it",
		"bad record vanishes", "name in an unreadable", "number in an error", "sure of the doubled hour", "ignores the span",
		"deaf to cancelling", "reread sees the old", "reread swallows errors", "number in notes", "stale", "believes a cache", "looks into a cache", "remembers", "wrong only on servers abroad",
	} {
		t.Run(m, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.count=1", "-test.failfast", "-test.run=^TestARightSourcePasses$")
			cmd.Env = append(os.Environ(), mistake+"="+m)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Error("the suite did not notice")
			}
			if strings.Contains(string(out), "panic:") {
				t.Errorf("the suite broke down instead of failing:\n%s", out)
			}
		})
	}
}

func TestAssertQuietFindsSpacedNumbers(t *testing.T) {
	probe := &recorder{TB: t}
	adaptertest.AssertQuiet(probe, []string{"07700 900123"}, fmt.Errorf("bad number 07700900123"), "nothing here")
	if probe.failures == 0 {
		t.Error("a number without its space went unnoticed")
	}
	probe = &recorder{TB: t}
	adaptertest.AssertQuiet(probe, []string{"07700 900123"}, gateway.NewPhone("+447700900123"), gateway.NewName("07700 900123"))
	if probe.failures != 0 {
		t.Error("a value that does not print was reported")
	}
}

// recorder counts failures instead of failing.
type recorder struct {
	testing.TB
	failures int
}

func (r *recorder) Errorf(string, ...any) { r.failures++ }
func (r *recorder) Helper()               {}

func run(t *testing.T, wrong string) {
	all := []gateway.Status{
		gateway.StatusCancelled, gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed, gateway.StatusNotBooked,
	}
	adaptertest.Run(t, adaptertest.Subject{
		Name: "diary",
		Can: adaptertest.Abilities{
			Name: true, NHSNumber: true, Deceased: true, Left: true, Declined: true, Mode: true,
			Statuses: all, KeepsIDOnMove: true, Instants: false,
		},
		New: func(_ *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
			s := &source{diary: d, clock: clock, wrong: wrong}
			return adaptertest.Wire{Source: s, Secrets: []string{"s3cret-of-the-source"}, Break: func(f adaptertest.Fault) bool {
				s.fault, s.broke = f, clock.Now()
				if f == adaptertest.Replayed {
					s.cached = s.visits(gateway.Span{From: clock.Now(), To: clock.Now().AddDate(0, 0, 14)})
				}
				return true
			}}
		},
	})
}

// source reads a diary without any wire between, rightly but for one mistake.
type source struct {
	diary  *surgery.Diary
	clock  gateway.Clock
	wrong  string
	fault  adaptertest.Fault
	broke  time.Time             // when the fault began
	cached []gateway.Appointment // what is replayed
	reads  atomic.Int64
	first  atomic.Pointer[gateway.Feed]
}

func (s *source) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	if s.fault == adaptertest.Hangs && s.wrong != "deaf to cancelling" {
		<-ctx.Done()
		return gateway.Feed{}, ctx.Err()
	}
	feed := gateway.Feed{Complete: true, Covers: span, AsOf: s.clock.Now()}
	if s.wrong == "stale" {
		feed.AsOf = feed.AsOf.Add(-time.Hour)
	}
	if s.fault == adaptertest.Replayed {
		if s.wrong != "believes a cache" {
			feed.AsOf = s.broke
		}
		feed.Appointments = s.cached
		return feed, nil
	}
	if err := s.broken(); err != nil {
		switch s.wrong {
		case "complete after an error":
			feed.Appointments = s.visits(span)[:3]
			return feed, nil
		case "empty after an error":
			return feed, nil
		}
		return gateway.Feed{}, err
	}
	feed.Appointments = s.visits(span)
	if s.wrong == "number in notes" && len(feed.Appointments) > 0 {
		feed.Notes = append(feed.Notes, "first number: "+s.diary.People()[0].Mobile)
	}
	s.spoil(&feed)
	if s.wrong == "remembers" {
		s.first.CompareAndSwap(nil, &feed)
		return *s.first.Load(), nil
	}
	return feed, nil
}

// broken gives the error of the faults that end a read.
func (s *source) broken() error {
	switch s.fault {
	case adaptertest.Denied:
		return gateway.ErrSourceDenied
	case adaptertest.ServerError, adaptertest.Truncated, adaptertest.HalfPaged, adaptertest.NotTheFormat:
		if s.wrong == "number in an error" {
			return fmt.Errorf("read of %s broke off", s.diary.People()[20].Mobile)
		}
		return fmt.Errorf("the read broke off")
	}
	return nil
}

// spoil plays the faults that hit one record.
func (s *source) spoil(f *gateway.Feed) {
	switch {
	case s.fault == adaptertest.SkippedHour:
		f.Appointments[0].StartDoubt = gateway.TimeMissing
	case s.fault == adaptertest.BadRecord:
		u := gateway.Unreadable{Where: "entry 13", Why: "start is not a date"}
		if s.wrong == "name in an unreadable" {
			u.Why += ": " + adaptertest.Canary
		}
		f.Unreadable = append(f.Unreadable, u)
		rest := f.Appointments[13:]
		f.Appointments = f.Appointments[:12]
		if s.wrong != "bad record ends it" {
			f.Appointments = append(f.Appointments, rest...)
		}
		if s.wrong == "bad record vanishes" {
			f.Unreadable = nil
		}
	}
}

func (s *source) visits(span gateway.Span) []gateway.Appointment {
	s.reads.Add(1)
	var out []gateway.Appointment
	for _, v := range s.diary.Visits() {
		if span.Has(v.Start) || s.wrong == "ignores the span" {
			out = append(out, s.appointment(v))
		}
	}
	return out
}

func (s *source) appointment(v surgery.Visit) gateway.Appointment {
	p, _ := s.diary.Person(v.Person)
	a := gateway.Appointment{
		ID: gateway.AppointmentID(fmt.Sprintf("%d-%d", v.Slot, v.Person)),
		Patient: gateway.Patient{
			ID: gateway.PatientID(fmt.Sprint(p.ID)), Name: gateway.NewName(p.Given), NHSNumber: gateway.NewNHSNumber(p.NHSNumber),
			Deceased: yes(!p.Died.IsZero()), Left: yes(!p.Deducted.IsZero()), Declined: yes(p.Declined),
		},
		Mode: v.Mode, Status: v.Status,
	}
	l := v.Start.In(gateway.London())
	a.Start, a.StartDoubt = gateway.FromWall(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0)
	a.Patient.Mobile, a.Patient.MobileKind = number.Parse(p.Mobile, true)
	return s.misread(a, v, l)
}

// misread makes the mistake of this source, if it is about one appointment.
func (s *source) misread(a gateway.Appointment, v surgery.Visit, l time.Time) gateway.Appointment {
	switch s.wrong {
	case "an hour off":
		a.Start = a.Start.Add(time.Hour)
	case "local zone":
		a.Start = time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.Local).UTC()
	case "wrong only on servers abroad":
		if _, offset := v.Start.In(time.Local).Zone(); offset != 0 && offset != 3600 {
			a.Start = a.Start.Add(time.Hour)
		}
	case "landline as mobile":
		if a.Patient.MobileKind == gateway.NumberLandline {
			a.Patient.MobileKind = gateway.NumberMobile
		}
	case "blind to death":
		a.Patient.Deceased = gateway.FlagNo
	case "blind to leaving":
		a.Patient.Left = gateway.FlagNo
	case "cancelled as booked":
		a.Status = gateway.StatusBooked
	case "id without the patient":
		a.ID = gateway.AppointmentID(fmt.Sprint(v.Slot))
	case "unstable ids":
		a.ID += gateway.AppointmentID(fmt.Sprint("-", s.reads.Load()))
	case "sure of the doubled hour":
		a.StartDoubt = gateway.NoDoubt
	}
	return a
}

// Reread looks at one appointment again.
func (s *source) Reread(_ context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	if err := s.broken(); err != nil && s.wrong != "reread swallows errors" {
		return gateway.Appointment{}, err
	}
	if s.fault == adaptertest.Replayed && s.clock.Now().After(s.broke) && s.wrong != "looks into a cache" {
		return gateway.Appointment{}, fmt.Errorf("the answer is old")
	}
	if s.wrong == "reread sees the old" {
		return a, nil
	}
	for _, v := range s.diary.Visits() {
		if now := s.appointment(v); now.ID == a.ID {
			if now.Status == gateway.StatusCancelled {
				now.Start = a.Start
			}
			return now, nil
		}
	}
	a.Status = gateway.StatusCancelled
	return a, nil
}

func yes(b bool) gateway.Flag {
	if b {
		return gateway.FlagYes
	}
	return gateway.FlagNo
}
