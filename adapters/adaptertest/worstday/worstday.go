// Package worstday plays the worst day of a practice through an adapter and all of
// Bellman behind it (scheduler, a real Redis, sender, the provider's adapter, a
// simulated phone network) and holds the phones against exactly the texts that had
// to come. It is the same story for every clinical system: visits are booked,
// moved, cancelled in every form that the system has, patients die, decline, change
// their numbers, a slot is given to another, the clocks change, and in the end the
// system sends half a diary, garbage, or nothing.
package worstday

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/adaptertest"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// Seasons are the days of the visits: each a few days behind a Sunday on which the
// clocks change, so that the text of the week before leaves under the other time.
var seasons = []struct {
	what string
	day  time.Time // midnight UTC of the day
}{
	{"after the clocks went back", time.Date(2026, time.October, 28, 0, 0, 0, 0, time.UTC)},
	{"after the clocks went forward", time.Date(2027, time.March, 31, 0, 0, 0, 0, time.UTC)},
}

// Run plays the story through a subject: a whole day in both seasons, and an eve on
// which the clinical system fails in each way that it can.
func Run(t *testing.T, s adaptertest.Subject) {
	t.Helper()
	Day(t, s)
	for _, f := range adaptertest.Faults {
		t.Run("on the eve the system fails by "+string(f), func(t *testing.T) { failingEve(t, s, f) })
	}
}

// Day plays the whole day in both seasons only, for further kinds of one system.
func Day(t *testing.T, s adaptertest.Subject) {
	t.Helper()
	for _, season := range seasons {
		t.Run("the worst day "+season.what+" brings exactly the right texts", func(t *testing.T) {
			st := newStage(t, s, season.day)
			st.week()
			st.changes()
			st.eve()
			st.holdsPhones()
		})
	}
}

// person is one invented patient of the story with a visit.
type person struct {
	id, slot int
	number   string // where the texts have to come
	minute   int    // after nine, of the visit on the day
	texts    []string
}

// week books everybody and lets the texts of a week before come.
func (st *stage) week() {
	for i := range ordinary {
		st.people = append(st.people, st.book(i))
	}
	for range len(st.wire.Cancels) + quiet {
		st.people = append(st.people, st.book(len(st.people)))
	}
	st.second = st.diary.Book(surgery.Visit{Person: st.people[stays].id, Start: st.at(0, st.people[stays].minute+30), Site: 5, Mode: gateway.ModeInPerson})
	st.pass(-8, 16*60)
	st.day(-7)
	for i := range st.people {
		st.owe(&st.people[i], st.people[i].minute, 0)
	}
	st.holdsPhones()
}

// The people of the story, by what happens to them between the two texts.
const (
	stays = iota
	isMoved
	isPutOff // to the next day
	isCancelled
	isRemoved
	dies
	declines
	hasNewNumber
	losesSlot // to another patient
	ordinary  // how many they are; those who are cancelled in further forms come behind
)

// quiet is how many come behind them to whom nothing happens: a read that changed a
// third of the diary would wait for a person.
const quiet = 20

// changes is the week between: each reads twice, as the timetable does, since more
// at once than a third of the diary waits for a second agreeing read.
func (st *stage) changes() {
	p := st.people
	for day := -6; day < -3; day++ {
		st.night(day)
		st.pass(day, 10*60)
	}
	st.night(-3)
	st.pass(-3, 10*60)
	st.diary.Move(p[isMoved].slot, st.at(0, p[isMoved].minute+300))
	st.diary.Move(p[isPutOff].slot, st.at(1, p[isPutOff].minute))
	st.diary.Cancel(p[isCancelled].slot)
	st.diary.Remove(p[isRemoved].slot)
	st.diary.Edit(p[dies].id, func(x *surgery.Person) { x.Died = st.clock.Now().AddDate(0, 0, -1) })
	st.diary.Edit(p[declines].id, func(x *surgery.Person) { x.Declined = true })
	st.diary.Edit(p[hasNewNumber].id, func(x *surgery.Person) { x.Mobile = "07700 900990" })
	st.pass(-3, 10*60+15)
	st.pass(-3, 10*60+30)
	for i, c := range st.wire.Cancels {
		c.Do(p[ordinary+i].slot)
		st.pass(-3, 11*60+15*i)
	}
	other := st.register(80)
	was, _ := st.diary.Visit(p[losesSlot].slot)
	st.diary.Book(surgery.Visit{Slot: was.Slot, Person: other.id, Start: was.Start, Site: was.Site, Mode: was.Mode})
	other.minute = p[losesSlot].minute
	st.people = append(st.people, other)
	st.night(-2)
	st.pass(-2, 10*60)
	st.pass(-2, 10*60+15)
}

// eve lets the texts of a day before come, and says which those are.
func (st *stage) eve() {
	p := st.people
	st.day(-1)
	st.day(0)
	st.owe(&p[stays], p[stays].minute, 0)
	for i := range quiet {
		q := &p[ordinary+len(st.wire.Cancels)+i]
		st.owe(q, q.minute, 0)
	}
	st.owe(&p[isMoved], p[isMoved].minute+300, 0)
	st.owe(&p[isPutOff], p[isPutOff].minute, 1)
	if !st.can.Deceased {
		st.owe(&p[dies], p[dies].minute, 0)
	}
	if !st.can.Declined {
		st.owe(&p[declines], p[declines].minute, 0)
	}
	renumbered := person{number: "+447700900990"}
	st.owe(&renumbered, p[hasNewNumber].minute, 0)
	st.owe(&p[len(p)-1], p[len(p)-1].minute, 0) // who has the slot now
	st.people = append(st.people, renumbered)
}

// owe writes down that a text must have come about the visit at a minute after
// nine, so many days after the day.
func (st *stage) owe(p *person, minute, days int) {
	l := st.at(days, minute).In(gateway.London())
	p.texts = append(p.texts, fmt.Sprintf("%s at %s", l.Format("Monday 2 January"), gatewaytest.ClockWords(l.Hour(), l.Minute())))
}

// holdsPhones holds what arrived against what had to.
func (st *stage) holdsPhones() {
	st.t.Helper()
	want := map[string][]string{}
	for _, p := range st.people {
		if len(p.texts) > 0 {
			want[p.number] = append(want[p.number], p.texts...)
		}
	}
	if diff := cmp.Diff(want, st.phones()); diff != "" {
		st.t.Errorf("texts (-want +got):\n%s", diff)
	}
	st.explained()
}
