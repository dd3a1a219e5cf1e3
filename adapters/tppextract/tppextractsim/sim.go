// Package tppextractsim drops the diary of an invented practice into a folder the
// way TPP delivers its Strategic Reporting Extract: directories named by date and
// time, each with a zip (whole or in volumes) of SR*.csv and their manifest, first
// everything and then what changed. It has the faults that a delivery is known or
// feared to have, and a door through which a person plays the practice's staff.
//
// It stands in for what public consumers of the extract have seen; it was never
// compared with a live one.
package tppextractsim

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Form is how the files of an extract travel.
type Form string

// The forms.
const (
	Zip   Form = "zip"   // SRExtract.zip, with the manifest beside it
	Split Form = "split" // SRExtract.z01, .z02, ... and .zip
	Plain Form = "plain" // the unpacked files themselves
)

// Options say how a simulator delivers.
type Options struct {
	Clock        gateway.Clock
	Dir          string // the folder, which must exist
	Organisation string // the practice's ODS code, in every row
	Form         Form   // empty: Zip
	// VolumeSize of Split, in bytes; 0: 2048, so that a small practice has several.
	VolumeSize int
	// NewRowOnMove: a moved visit is a cancelled row and a new one; otherwise the row
	// gets another time.
	NewRowOnMove bool
	// Neighbour: rows of another practice stand in the same files.
	Neighbour bool
}

// Sim is the simulator of one practice's extract, and an http.Handler for its
// control door. It is safe for concurrent use.
type Sim struct {
	diary   *surgery.Diary
	options Options
	mux     *http.ServeMux

	mu       sync.Mutex
	faults   Faults
	last     map[string]table // what the last extract said, by table
	to       time.Time        // until when it spoke; zero: there was none
	rows     map[int]visitRow
	closed   map[int]visitRow // rows that a move left behind
	nextRow  int
	contacts map[int][]contact
	forms    map[int]CancelForm
	mapped   map[string]int // SRMapping: term -> id
}

// New makes a simulator that delivers a diary.
func New(diary *surgery.Diary, o Options) *Sim {
	if o.Form == "" {
		o.Form = Zip
	}
	if o.VolumeSize == 0 {
		o.VolumeSize = 2048
	}
	s := &Sim{
		diary: diary, options: o, mux: http.NewServeMux(), nextRow: 7_000_000,
		rows: map[int]visitRow{}, closed: map[int]visitRow{}, contacts: map[int][]contact{}, forms: map[int]CancelForm{},
		mapped: map[string]int{},
	}
	for i, term := range mappedTerms {
		s.mapped[term] = 95_000 + i
	}
	s.control()
	return s
}

// ServeHTTP answers at the control door.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Export delivers what changed since the last extract, the first time everything,
// and gives the name of its directory. Extracts of one minute would have one name:
// the second then speaks for the next minute.
func (s *Sim) Export() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.export(s.to.IsZero())
}

// Bulk delivers everything.
func (s *Sim) Bulk() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.export(true)
}

// Lose makes an extract that is never delivered, so that the next one leaves a gap.
func (s *Sim) Lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, to := s.stamps()
	s.last, s.to = byName(s.tables()), to
}

// Changed reports whether the diary says anything that the last extract did not.
func (s *Sim) Changed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables() {
		if !s.to.IsZero() && !t.reference && len(t.since(s.last[t.name]).rows) > 0 {
			return true
		}
	}
	return s.to.IsZero()
}

// stamps gives from when and until when the next extract speaks.
func (s *Sim) stamps() (from, to time.Time) {
	to = s.options.Clock.Now().Truncate(time.Minute)
	if !to.After(s.to) {
		to = s.to.Add(time.Minute)
	}
	return s.to, to
}

func (s *Sim) export(bulk bool) (string, error) {
	from, to := s.stamps()
	now := s.tables()
	var said []table
	for _, t := range now {
		if !bulk && !t.reference {
			t = t.since(s.last[t.name])
		}
		t.delta = !bulk && !t.reference
		said = append(said, t)
	}
	name := stamp(to)
	dir := filepath.Join(s.options.Dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the extract's directory: %w", err)
	}
	if err := s.deliver(dir, said, from, to); err != nil {
		return "", err
	}
	s.last, s.to = byName(now), to
	return name, nil
}

// stamp writes a moment as the directories and the manifest do: London wall time.
func stamp(t time.Time) string { return t.In(gateway.London()).Format("20060102_1504") }

func byName(tables []table) map[string]table {
	out := map[string]table{}
	for _, t := range tables {
		out[t.name] = t
	}
	return out
}
