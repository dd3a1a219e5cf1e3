package tppextract_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"bellman/adapters/surgery"
	"bellman/adapters/tppextract/tppextractsim"
	"bellman/gateway"
)

// Whatever happens in a practice, nights of changes must say in the end what one
// full extract says. (As a fuzz target it is too slow: it writes a folder.)
func TestRandomStoriesOfNightsSayWhatAFullExtractSays(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	for range 25 {
		story := make([]byte, 4+r.IntN(20))
		for i := range story {
			story[i] = byte(r.UintN(256))
		}
		tell(t, story)
		if t.Failed() {
			t.Fatalf("the story was %v", story)
		}
	}
}

// tell plays a story and compares its end with one full extract.
func tell(t *testing.T, story []byte) {
	t.Helper()
	st := newStage(t, tppextractsim.Options{Form: tppextractsim.Plain, NewRowOnMove: len(story)%2 == 0, Neighbour: len(story)%3 == 0})
	st.night()
	for n, b := range story {
		st.happens(n, int(b)%10, 12+int(b)/10)
	}
	st.night()
	st.agrees()
}

// happens lets one thing happen around the visit of one of the ordinary patients.
func (st *stage) happens(n, what, which int) {
	slot := st.cases[which].Slot
	v, booked := st.diary.Visit(slot)
	person := 1001 + which
	switch what {
	case 0:
		st.diary.Cancel(slot)
	case 1:
		st.diary.Remove(slot)
	case 2:
		if booked {
			st.diary.Move(slot, v.Start.AddDate(0, 0, n%5-2))
		}
	case 3:
		start := morning.AddDate(0, 0, 8)
		st.diary.Book(surgery.Visit{Slot: slot, Person: 1001 + (which+n)%40, Start: start, Site: 5})
	case 4:
		st.diary.Edit(person, func(p *surgery.Person) { p.Mobile = fmt.Sprintf("07700 9007%02d", n) })
	case 5:
		st.diary.Edit(person, func(p *surgery.Person) { p.Declined = !p.Declined })
	case 6:
		st.diary.Edit(person, func(p *surgery.Person) { p.Died = st.clock.Now().AddDate(0, 0, -1) })
	case 7:
		st.diary.Edit(person, func(p *surgery.Person) { p.Deducted = st.clock.Now().AddDate(0, 0, -1) })
	case 8:
		st.diary.Change(slot, func(v *surgery.Visit) { v.Mode = gateway.ModeTelephone })
	case 9:
		st.night()
		st.read()
	}
}
