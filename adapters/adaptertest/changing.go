package adaptertest

import (
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

func changing(t *testing.T, s Subject) {
	t.Run("a slot booked by another patient gets another id", func(t *testing.T) {
		st := forty(t, s)
		slot := st.ordinary(0)
		v, other := st.visit(slot), st.visit(st.ordinary(1)).Person
		before := st.only(st.read(), v.Start)
		st.clock.Advance(time.Minute)
		st.diary.Book(surgery.Visit{Slot: slot, Person: other, Start: v.Start, Site: v.Site, Mode: v.Mode})
		after := st.only(st.read(), v.Start)
		p, _ := st.diary.Person(other)
		if after.ID == before.ID {
			t.Error("another patient's visit carries the same id")
		}
		if after.Patient.ID == before.Patient.ID || after.Patient.Mobile != wantNumber(gateway.None, p) {
			t.Error("the visit is still the first patient's")
		}
	})
	for _, by := range []struct {
		what    string
		sameDay bool
		span    time.Duration
	}{{"later the same day", true, 7 * time.Hour}, {"the next day", false, 24*time.Hour + 5*time.Minute}} {
		t.Run("a visit moved to "+by.what+" leaves its old time", func(t *testing.T) {
			st := forty(t, s)
			slot := st.ordinary(0)
			old := st.visit(slot).Start
			before := st.only(st.read(), old)
			st.clock.Advance(time.Minute)
			st.diary.Move(slot, old.Add(by.span))
			feed := st.read()
			st.expectsNobodyAt(feed, old)
			after := st.only(feed, old.Add(by.span))
			if by.sameDay && (after.ID == before.ID) != s.Can.KeepsIDOnMove {
				t.Errorf("keeps its id: %t, declared: %t", after.ID == before.ID, s.Can.KeepsIDOnMove)
			}
			if after.Status != gateway.StatusBooked || after.Patient.ID != before.Patient.ID {
				t.Error("the moved visit is not the same patient's booked visit")
			}
		})
	}
	for _, how := range []struct {
		what string
		do   func(*surgery.Diary, int)
	}{
		{"cancelled", func(d *surgery.Diary, slot int) { d.Cancel(slot) }},
		{"removed without a trace", func(d *surgery.Diary, slot int) { d.Remove(slot) }},
	} {
		t.Run("a visit "+how.what+" is no longer booked", func(t *testing.T) {
			st := forty(t, s)
			slot := st.ordinary(0)
			start := st.visit(slot).Start
			before := st.read()
			st.clock.Advance(time.Minute)
			how.do(st.diary, slot)
			after := st.read()
			st.expectsNobodyAt(after, start)
			if before.Complete != after.Complete {
				t.Error("the second read is not as complete as the first")
			}
			st.expectNeighbours(after, 1)
		})
	}
	t.Run("a visit called off in any other form is no longer booked", func(t *testing.T) {
		st := forty(t, s)
		st.read()
		for i, c := range st.wire.Cancels {
			start := st.visit(st.ordinary(i)).Start
			st.clock.Advance(time.Minute)
			c.Do(st.ordinary(i))
			for _, a := range at(st.read(), start) {
				if a.Status == gateway.StatusBooked {
					t.Errorf("a visit %s is still booked", c.Form)
				}
			}
		}
	})
	t.Run("a changed number is seen at the next read", func(t *testing.T) {
		st := forty(t, s)
		v := st.visit(st.ordinary(0))
		before := st.only(st.read(), v.Start)
		st.clock.Advance(time.Minute)
		st.diary.Edit(v.Person, func(p *surgery.Person) { p.Mobile = "07700 900998" })
		after := st.only(st.read(), v.Start)
		if after.Patient.Mobile != gateway.NewPhone("+447700900998") {
			t.Error("the old number is still given")
		}
		if after.ID != before.ID {
			t.Error("a change of number changed the id")
		}
	})
}
