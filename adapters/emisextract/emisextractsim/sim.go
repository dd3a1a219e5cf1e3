// Package emisextractsim puts the diary of an invented practice into a folder the
// way EMIS delivers its Extract: one CSV file a table, first a full delivery, then
// batches of what has changed. Column names are those of the public header samples.
package emisextractsim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// The invented agreement, and the ids of the practice that it shares.
const (
	Agreement    = "45E7CD20-EE37-41AB-90D6-DC9D4B03D102"
	Organisation = "0B5C9000-0000-4000-8000-00000000A001"
	Bulk         = "291" // the processing ids of the full delivery
)

// firstID is that of the full delivery.
const firstID = 291

// Left is how long ago a file seems to have been left alone when it appears.
const Left = 5 * time.Minute

// Options say where files go and what for.
type Options struct {
	Dir   string
	Clock gateway.Clock
	ODS   gateway.ODS
	// Key is the armored public key to which files are encrypted; empty: they come
	// in clear.
	Key string
}

// Sim exports one diary. It is safe for concurrent use.
type Sim struct {
	mu     sync.Mutex
	diary  *surgery.Diary
	o      Options
	to     openpgp.EntityList
	last   tables // as of the last batch
	id     int    // of the next batch
	stamp  time.Time
	first  time.Time // when it was made
	faults Faults
	off    map[int]Form
	dirty  bool // the next batch is written even when nothing has changed
}

// Faults are ways in which a delivery goes wrong, from the next batch on.
type Faults struct {
	LastDate string `json:"last_date"` // stands as the date of the last slot that is written
	LastTime string `json:"last_time"` // and this as its time
	Truncate bool   `json:"truncate"`  // the file of slots breaks off in the middle
	Page     bool   `json:"page"`      // the file of slots is a web page
	Omit     string `json:"omit"`      // a table whose file does not come, such as Appointment_Slot
	Skip     bool   `json:"skip"`      // a batch is made and never delivered
	Stopped  bool   `json:"stopped"`   // nothing is delivered any more
	Delete   int    `json:"delete"`    // a slot that is deleted with its patient still named
	Blank    int    `json:"blank"`     // a slot that is deleted with all else blank
	Disabled bool   `json:"disabled"`  // the practice does not share any more
}

// Form is a way in which EMIS shows that the visit in a slot was called off, besides
// the one that the diary's own cancelling makes: the slot comes without a patient.
type Form string

// The forms.
const (
	Named Form = "named" // the slot is deleted, and its patient still named
	Blank Form = "blank" // the slot is deleted, and all else blank
)

// CallOff deletes a slot in one of the forms, for good.
func (s *Sim) CallOff(slot int, how Form) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off[slot] = how
}

// New makes the simulator. It fails when the key is none.
func New(d *surgery.Diary, o Options) (*Sim, error) {
	s := &Sim{diary: d, o: o, id: firstID, first: o.Clock.Now(), off: map[int]Form{}}
	if o.Key != "" {
		ring, err := openpgp.ReadArmoredKeyRing(strings.NewReader(o.Key))
		if err != nil {
			return nil, err
		}
		s.to = ring
	}
	return s, nil
}

// Faults gives the faults that are set.
func (s *Sim) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// SetFaults sets faults, which show in a batch even when nothing else has changed.
func (s *Sim) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.dirty = f, true
}

// Full makes the next batch a full delivery, under its own processing ids, which it
// gives.
func (s *Sim) Full() (bulk string, err error) {
	s.mu.Lock()
	s.last = nil
	bulk = strconv.Itoa(s.id)
	s.mu.Unlock()
	return bulk, s.Export()
}

// Export writes the next batch if anything has changed since the last one: the
// first is a full delivery.
func (s *Sim) Export() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.Stopped {
		return nil
	}
	now := s.rows()
	changed := difference(s.last, now)
	if s.last != nil && !s.dirty && changed.empty() {
		return nil
	}
	return s.write(now, changed)
}

// Night writes the next batch, also when nothing has changed: as every night.
func (s *Sim) Night() error {
	s.mu.Lock()
	s.dirty = true
	s.mu.Unlock()
	return s.Export()
}

func (s *Sim) write(now, changed tables) error {
	if s.dirty && s.faults.spoils() {
		changed.resend(now, tableSlot)
	}
	s.faults.lay(changed)
	if s.faults.Skip {
		s.id++
		s.faults.Skip = false
		s.stamp = s.stamp.AddDate(0, 0, 2)
	}
	stamp := s.o.Clock.Now().In(gateway.London()).Truncate(time.Second)
	if !stamp.After(s.stamp) {
		stamp = s.stamp.Add(time.Second)
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if name == s.faults.Omit {
			continue
		}
		if err := s.drop(name, stamp, s.content(name, changed[name])); err != nil {
			return err
		}
	}
	s.stamp, s.last, s.dirty = stamp, now, false
	s.id++
	return nil
}
