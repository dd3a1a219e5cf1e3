package adaptertest

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

func reading(t *testing.T, s Subject) {
	t.Run("every booked visit is read with its time, number and flags", func(t *testing.T) { everyVisit(t, s) })
	t.Run("a plain read is complete, recent and speaks for the booked day", func(t *testing.T) { completeRead(t, s) })
	t.Run("an empty diary gives no visits", func(t *testing.T) {
		st := empty(t, s, monday)
		feed := st.read()
		if len(feed.Appointments) != 0 || len(feed.Unreadable) != 0 {
			t.Errorf("%d appointments and %d unreadable records in an empty diary", len(feed.Appointments), len(feed.Unreadable))
		}
		if want := !s.Can.NeverComplete && !s.Can.SilentWhenEmpty; feed.Complete != want {
			t.Errorf("complete is %t, want %t", feed.Complete, want)
		}
	})
	t.Run("visits outside the days asked for are left out", func(t *testing.T) {
		st := forty(t, s)
		st.span.To = monday.AddDate(0, 0, 3)
		if feed := st.read(); len(feed.Appointments) != 0 {
			t.Errorf("%d appointments that nobody asked for", len(feed.Appointments))
		}
	})
	t.Run("ids are unique and stable over two reads", func(t *testing.T) {
		st := forty(t, s)
		first, second := idsByStart(st.read()), idsByStart(st.read())
		if !maps.Equal(first, second) {
			t.Error("the second read gives other ids")
		}
		seen := map[gateway.AppointmentID]bool{}
		for _, id := range first {
			if id == "" || seen[id] {
				t.Error("an id is empty or stands twice")
			}
			seen[id] = true
		}
	})
	t.Run("sixteen reads at once agree", func(t *testing.T) { together(t, s) })
	t.Run("a cancelled context ends a read at once", func(t *testing.T) { cancelledContext(t, s) })
	t.Run("a visit that is not booked is never read as booked", func(t *testing.T) { statuses(t, s) })
	t.Run("a patient who declined texts is marked", func(t *testing.T) {
		if !s.Can.Declined {
			t.Skip("this system does not say who declined texts")
		}
		st := forty(t, s)
		v := st.visit(st.ordinary(0))
		st.diary.Edit(v.Person, func(p *surgery.Person) { p.Declined = true })
		if a := st.only(st.read(), v.Start); a.Patient.Declined != gateway.FlagYes {
			t.Error("declined is not marked")
		}
	})
}

func everyVisit(t *testing.T, s Subject) {
	st := forty(t, s)
	feed := st.read()
	if len(feed.Appointments) != len(st.cases) {
		t.Errorf("%d appointments, want %d", len(feed.Appointments), len(st.cases))
	}
	for _, u := range feed.Unreadable {
		t.Errorf("unreadable: %s: %s", u.Where, u.Why)
	}
	for _, c := range st.cases {
		v := st.visit(c.Slot)
		found := at(feed, v.Start)
		if len(found) != 1 {
			t.Errorf("%s: read %d times", c.What, len(found))
			continue
		}
		p, _ := st.diary.Person(v.Person)
		st.compare(c, p, v, found[0])
	}
}

// compare checks one appointment against the visit it was read from.
func (st *stage) compare(c surgery.Case, p surgery.Person, v surgery.Visit, a gateway.Appointment) {
	st.t.Helper()
	check := func(what string, ok bool) {
		st.t.Helper()
		if !ok {
			st.t.Errorf("%s: wrong %s", c.What, what)
		}
	}
	check("status", a.Status == gateway.StatusBooked)
	check("doubt about the start", a.StartDoubt == gateway.NoDoubt)
	check("zone of the start", a.Start.Location() == time.UTC)
	check("kind of number", a.Patient.MobileKind == wantKind(c.Why))
	check("number", a.Patient.Mobile == wantNumber(c.Why, p))
	check("patient id", a.Patient.ID != "")
	check("deceased flag", a.Patient.Deceased == flag(st.can.Deceased && c.Why == gateway.Deceased))
	check("left flag", a.Patient.Left == flag(st.can.Left && c.Why == gateway.LeftPractice))
	check("declined flag", a.Patient.Declined == gateway.FlagNo)
	if st.can.Name {
		check("name", a.Patient.Name == gateway.NewName(p.Given))
	}
	if st.can.NHSNumber {
		check("NHS number", a.Patient.NHSNumber == gateway.NewNHSNumber(p.NHSNumber))
	}
	mode := gateway.ModeUnknown
	if st.can.Mode {
		mode = v.Mode
	}
	check("way of meeting", a.Mode == mode)
}

func flag(yes bool) gateway.Flag {
	if yes {
		return gateway.FlagYes
	}
	return gateway.FlagNo
}

// wantKind says what the mobile field of each case holds. It is written down
// here and not asked of the number parser, which might be wrong.
func wantKind(why gateway.Reason) gateway.NumberKind {
	switch why {
	case gateway.Landline:
		return gateway.NumberLandline
	case gateway.NoMobile:
		return gateway.NumberMissing
	case gateway.MobileUnclear:
		return gateway.NumberUnclear
	case gateway.NotAMobile:
		return gateway.NumberOther
	default:
		return gateway.NumberMobile
	}
}

// wantNumber gives the number in E.164. All good numbers of the invented
// practice end in three digits of their own after 07700 900, however written.
func wantNumber(why gateway.Reason, p surgery.Person) gateway.Phone {
	if wantKind(why) != gateway.NumberMobile {
		return gateway.Phone{}
	}
	return gateway.NewPhone("+447700900" + p.Mobile[len(p.Mobile)-3:])
}

func completeRead(t *testing.T, s Subject) {
	st := forty(t, s)
	feed := st.read()
	if feed.AsOf.IsZero() || feed.AsOf.After(st.clock.Now()) || feed.AsOf.Before(st.clock.Now().Add(-time.Minute)) {
		t.Errorf("the read is as of %v, want a time within a minute before %v", feed.AsOf, st.clock.Now())
	}
	if s.Can.NeverComplete {
		if feed.Complete {
			t.Error("claims to be complete, and was declared never to be")
		}
		return
	}
	if !feed.Complete {
		t.Fatalf("not complete; notes: %q", feed.Notes)
	}
	for _, c := range st.cases {
		if v := st.visit(c.Slot); !feed.Covers.Has(v.Start) {
			t.Fatalf("does not speak for %v", v.Start)
		}
	}
	if feed.Covers.From.Before(st.span.From) || feed.Covers.To.After(st.span.To) {
		t.Error("speaks for more than was asked")
	}
}

func idsByStart(f gateway.Feed) map[int64]gateway.AppointmentID {
	out := map[int64]gateway.AppointmentID{}
	for _, a := range f.Appointments {
		out[a.Start.Unix()] = a.ID
	}
	return out
}

func together(t *testing.T, s Subject) {
	st := forty(t, s)
	want := idsByStart(st.read())
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			feed, err := st.try()
			if err != nil {
				t.Errorf("read: %v", err)
				return
			}
			if !maps.Equal(idsByStart(feed), want) {
				t.Error("one of the reads differs")
			}
		})
	}
	wg.Wait()
}

// promptly is how long an adapter may take to notice that nobody waits any more.
const promptly = 2 * time.Second

func cancelledContext(t *testing.T, s Subject) {
	st := forty(t, s)
	hangs := st.wire.Break != nil && st.wire.Break(Hangs)
	ctx, cancel := context.WithCancel(t.Context())
	if hangs {
		stop := time.AfterFunc(200*time.Millisecond, cancel)
		defer stop.Stop()
	} else {
		cancel()
	}
	begun := time.Now()
	if _, err := st.wire.Source.Read(ctx, st.span); err == nil {
		t.Error("no error although nobody waited for the answer")
	}
	if took := time.Since(begun); took > promptly {
		t.Errorf("took %v to notice", took)
	}
	cancel()
}

func statuses(t *testing.T, s Subject) {
	all := []gateway.Status{
		gateway.StatusCancelled, gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed, gateway.StatusNotBooked,
	}
	st := forty(t, s)
	for i, status := range all {
		st.diary.Change(st.ordinary(i), func(v *surgery.Visit) { v.Status = status })
	}
	feed := st.read()
	for i, status := range all {
		found := at(feed, st.visit(st.ordinary(i)).Start)
		if s.Can.tells(status) && len(found) != 1 {
			t.Errorf("status %d: %d appointments, want 1", status, len(found))
		}
		for _, a := range found {
			if a.Status == gateway.StatusBooked || (s.Can.tells(status) && a.Status != status) {
				t.Errorf("status %d is read as %d", status, a.Status)
			}
		}
	}
	st.expectNeighbours(feed, len(all))
}

// expectNeighbours checks that all other ordinary visits are booked as before.
func (st *stage) expectNeighbours(f gateway.Feed, changed int) {
	st.t.Helper()
	for n := changed; n < 20; n++ {
		if a := st.only(f, st.visit(st.ordinary(n)).Start); a.Status != gateway.StatusBooked {
			st.t.Errorf("a neighbour has status %d", a.Status)
		}
	}
}
