// Package surgery is an invented practice: its patients, its diary, and what
// happens in it. Simulators of clinical systems show one Diary in their own
// shapes, so that the same story can be played through every adapter. All people
// are invented; numbers are those that Ofcom keeps for drama.
package surgery

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"bellman/gateway"
)

// Person is an invented patient, with fields as a receptionist types them.
type Person struct {
	ID                   int
	Title, Given, Family string
	NHSNumber            string
	Born                 time.Time // zero: nobody has asked
	Language             string    // the one they would rather speak, as ISO 639 has it ("pl"); empty: nobody has asked
	Mobile, Home         string    // free text
	Died                 time.Time
	Deducted             time.Time // left the practice
	Declined             bool      // said no to texts in the clinical system
	Changed              time.Time // last change of any of these
}

// BornAs writes the date of birth in a system's layout, and nothing where there is none.
func (p Person) BornAs(layout string) string {
	if p.Born.IsZero() {
		return ""
	}
	return p.Born.Format(layout)
}

// Visit is one slot of the diary that somebody booked.
type Visit struct {
	Slot    int // the slot's id; a slot can be booked again by another person
	Person  int
	Start   time.Time
	Minutes int
	Site    int
	Mode    gateway.Mode
	Clinic  string // the practice's own name for the clinic or type of slot; empty: the simulator's usual one
	Status  gateway.Status
	Version int       // grows with every change
	Changed time.Time // last change
}

// Diary is an invented practice's appointment book. It is safe for concurrent
// use; what it gives out are copies.
type Diary struct {
	clock    gateway.Clock
	mu       sync.Mutex
	people   map[int]Person
	visits   map[int]Visit
	nextSlot int
}

// New makes an empty diary.
func New(clock gateway.Clock) *Diary {
	return &Diary{clock: clock, people: map[int]Person{}, visits: map[int]Visit{}, nextSlot: 88000}
}

// Register adds a person, giving an id when there is none, and returns the id.
func (d *Diary) Register(p Person) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.ID == 0 {
		p.ID = 1000 + len(d.people) + 1
	}
	p.Changed = d.clock.Now()
	d.people[p.ID] = p
	return p.ID
}

// Book puts a person into the diary and returns the slot's id. A zero Status
// means booked, a zero Slot a new one.
func (d *Diary) Book(v Visit) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if v.Slot == 0 {
		d.nextSlot++
		v.Slot = d.nextSlot
	}
	if v.Status == gateway.StatusUnknown {
		v.Status = gateway.StatusBooked
	}
	if v.Minutes == 0 {
		v.Minutes = 10
	}
	v.Version = d.visits[v.Slot].Version + 1
	v.Changed = d.clock.Now()
	d.visits[v.Slot] = v
	return v.Slot
}

// Change edits the visit in a slot. It reports false when the slot is empty.
func (d *Diary) Change(slot int, edit func(*Visit)) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.visits[slot]
	if !ok {
		return false
	}
	edit(&v)
	v.Slot, v.Version, v.Changed = slot, v.Version+1, d.clock.Now()
	d.visits[slot] = v
	return true
}

// Cancel marks the visit in a slot as cancelled.
func (d *Diary) Cancel(slot int) bool {
	return d.Change(slot, func(v *Visit) { v.Status = gateway.StatusCancelled })
}

// Move gives the visit in a slot another start.
func (d *Diary) Move(slot int, start time.Time) bool {
	return d.Change(slot, func(v *Visit) { v.Start = start })
}

// Remove empties a slot without a trace, as some systems do on cancelling.
func (d *Diary) Remove(slot int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.visits, slot)
}

// Edit changes a person. It reports false when there is none with the id.
func (d *Diary) Edit(id int, edit func(*Person)) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.people[id]
	if !ok {
		return false
	}
	edit(&p)
	p.ID, p.Changed = id, d.clock.Now()
	d.people[id] = p
	return true
}

// Person gives one person.
func (d *Diary) Person(id int) (Person, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.people[id]
	return p, ok
}

// Visit gives what stands in a slot.
func (d *Diary) Visit(slot int) (Visit, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.visits[slot]
	return v, ok
}

// People gives everybody, by id.
func (d *Diary) People() []Person {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Person, 0, len(d.people))
	for _, p := range d.people {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Visits gives every visit, by start and slot.
func (d *Diary) Visits() []Visit {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Visit, 0, len(d.visits))
	for _, v := range d.visits {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Visit) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Slot, b.Slot))
	})
	return out
}
