package tppextract_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/adapters/tppextract"
	"bellman/adapters/tppextract/tppextractsim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// stage is a surgery of forty patients whose extracts arrive in a folder.
type stage struct {
	t       *testing.T
	clock   *gatewaytest.Clock
	diary   *surgery.Diary
	cases   []surgery.Case
	sim     *tppextractsim.Sim
	dir     string
	shelf   *gatewaytest.Shelf
	adapter *tppextract.Adapter
}

func newStage(t *testing.T, o tppextractsim.Options) *stage {
	t.Helper()
	st := &stage{t: t, clock: gatewaytest.NewClock(morning), dir: t.TempDir(), shelf: gatewaytest.NewShelf()}
	st.diary = surgery.New(st.clock)
	st.cases = surgery.Forty(st.diary, morning, 7)
	o.Clock, o.Dir, o.Organisation = st.clock, st.dir, practice
	st.sim = tppextractsim.New(st.diary, o)
	st.adapter = join(t, st.dir, st.clock, st.shelf)
	return st
}

// night lets a day pass and delivers an extract.
func (st *stage) night() string { st.t.Helper(); return st.delivered(st.sim.Export) }

// bulk lets a day pass and delivers a full extract.
func (st *stage) bulk() string { st.t.Helper(); return st.delivered(st.sim.Bulk) }

func (st *stage) delivered(export func() (string, error)) string {
	st.t.Helper()
	st.clock.Advance(24 * time.Hour)
	name, err := export()
	if err != nil {
		st.t.Fatal(err)
	}
	return name
}

func (st *stage) read() gateway.Feed {
	st.t.Helper()
	f, err := st.try(st.adapter)
	if err != nil {
		st.t.Fatal(err)
	}
	return f
}

func (st *stage) try(s gateway.Source) (gateway.Feed, error) {
	return s.Read(st.t.Context(), gateway.Span{From: morning, To: morning.AddDate(0, 1, 0)})
}

// refuses fails unless a read ends with an error that says what it has to.
func (st *stage) refuses(words string) {
	st.t.Helper()
	f, err := st.try(st.adapter)
	if err == nil || !strings.Contains(err.Error(), words) {
		st.t.Errorf("the read says %v, which does not hold %q", err, words)
	}
	if f.Complete || len(f.Appointments) > 0 {
		st.t.Error("an error and a feed")
	}
}

func (st *stage) lose(name string) {
	st.t.Helper()
	if err := os.RemoveAll(filepath.Join(st.dir, name)); err != nil {
		st.t.Fatal(err)
	}
}

// agrees fails unless an adapter that begins anew with one full extract of now
// knows the same as this one.
func (st *stage) agrees() {
	st.t.Helper()
	got := byID(st.read())
	dir := st.t.TempDir()
	fresh := tppextractsim.New(st.diary, tppextractsim.Options{Clock: st.clock, Dir: dir, Organisation: practice})
	if _, err := fresh.Export(); err != nil {
		st.t.Fatal(err)
	}
	f, err := st.try(join(st.t, dir, st.clock, gatewaytest.NewShelf()))
	if err != nil {
		st.t.Fatal(err)
	}
	if want := known(f); !maps.Equal(withoutRows(got), want) {
		st.t.Errorf("%d visits, and a full extract has %d, or they differ", len(got), len(want))
	}
}

// known gives what a feed says by patient and start: rows have other identifiers in
// another simulator. A cancelled row that a move left behind is only in one.
func known(f gateway.Feed) map[string]gateway.Appointment { return withoutRows(byID(f)) }

func withoutRows(all map[gateway.AppointmentID]gateway.Appointment) map[string]gateway.Appointment {
	out := map[string]gateway.Appointment{}
	for _, a := range all {
		if a.Status == gateway.StatusCancelled {
			continue
		}
		a.ID = ""
		out[string(a.Patient.ID)+a.Start.String()] = a
	}
	return out
}

// failing is a shelf that fails at one of its puts.
type failing struct {
	*gatewaytest.Shelf
	left int
}

var errFull = errors.New("the disk is full")
