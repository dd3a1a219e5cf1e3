package tppextract_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/surgery"
	"bellman/adapters/tppextract"
	"bellman/adapters/tppextract/tppextractsim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

const practice = "A81001"

// nightly delivers an extract before every read for which there is anything new to
// tell, as if every read were the morning after a night.
type nightly struct {
	*tppextract.Adapter
	t        *testing.T
	sim      *tppextractsim.Sim
	dir      string
	silent   bool // nobody delivers any more
	together bool // many read at once: one delivery serves all
	due      bool // something was broken since the last delivery
	once     sync.Once
}

func (n *nightly) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	if n.together {
		n.once.Do(n.deliver)
	} else {
		n.deliver()
	}
	return n.Adapter.Read(ctx, span)
}

func (n *nightly) deliver() {
	n.t.Helper()
	if n.silent || !n.due && !n.sim.Changed() {
		return
	}
	n.due = false
	if _, err := n.sim.Export(); err != nil {
		n.t.Fatal(err)
	}
}

func (n *nightly) breakWith(f adaptertest.Fault) bool {
	n.due = true
	switch f {
	case adaptertest.ServerError:
		n.silent = true
		if err := os.RemoveAll(n.dir); err != nil {
			n.t.Fatal(err)
		}
	case adaptertest.Truncated:
		n.sim.SetFaults(tppextractsim.Faults{Truncate: true})
	case adaptertest.NotTheFormat:
		n.sim.SetFaults(tppextractsim.Faults{Page: true})
	case adaptertest.HalfPaged:
		n.sim.SetFaults(tppextractsim.Faults{NoAppointments: true})
	case adaptertest.BadRecord:
		n.sim.SetFaults(tppextractsim.Faults{FirstStart: adaptertest.Canary})
	case adaptertest.SkippedHour:
		n.sim.SetFaults(tppextractsim.Faults{FirstStart: "28 Mar 2027 01:30:00"})
	case adaptertest.Replayed:
		n.silent = true
	case adaptertest.Denied, adaptertest.Hangs:
		return false // a folder has no password, and answers
	}
	return true
}

// can is what the extract is able to tell.
var can = adaptertest.Abilities{
	Name: true, NHSNumber: true, Deceased: true, Left: true, Declined: true, Mode: true, Born: true, Clinic: true, Language: true, KeepsIDOnMove: true,
	Statuses: []gateway.Status{
		gateway.StatusCancelled, gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed,
	},
	SilentWhenEmpty: true,
}

// subjects are the forms in which an extract is delivered.
func subjects() []adaptertest.Subject {
	moved := can
	moved.KeepsIDOnMove = false
	return []adaptertest.Subject{
		subject("zip", can, tppextractsim.Options{Form: tppextractsim.Zip}),
		subject("split, beside another practice", can, tppextractsim.Options{Form: tppextractsim.Split, Neighbour: true}),
		subject("unpacked, a move makes a new row", moved, tppextractsim.Options{Form: tppextractsim.Plain, NewRowOnMove: true}),
	}
}

func subject(name string, can adaptertest.Abilities, o tppextractsim.Options) adaptertest.Subject {
	return adaptertest.Subject{Name: "tpp-extract, " + name, Can: can, StaleAfter: 30 * time.Hour, New: func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
		return wire(t, d, clock, o)
	}}
}

func wire(t *testing.T, d *surgery.Diary, clock gateway.Clock, o tppextractsim.Options) adaptertest.Wire {
	t.Helper()
	o.Dir = filepath.Join(t.TempDir(), "in")
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o.Clock, o.Organisation = clock, practice
	sim := tppextractsim.New(d, o)
	n := &nightly{
		Adapter: join(t, o.Dir, clock, gatewaytest.NewShelf()), t: t, sim: sim, dir: o.Dir,
		together: strings.HasSuffix(t.Name(), "sixteen_reads_at_once_agree"),
	}
	w := adaptertest.Wire{Source: n, Break: n.breakWith}
	for _, form := range []tppextractsim.CancelForm{
		tppextractsim.AsStatus, tppextractsim.AsDate, tppextractsim.AsWalkedOut, tppextractsim.AsNobody,
	} {
		w.Cancels = append(w.Cancels, adaptertest.Cancel{
			Form: "called off as " + string(form), Do: func(slot int) { sim.CallOff(slot, form) },
		})
	}
	return w
}

// join makes an adapter of a folder.
func join(t *testing.T, dir string, clock gateway.Clock, shelf gateway.Shelf) *tppextract.Adapter {
	t.Helper()
	a, err := tppextract.New(
		tppextract.Config{Dir: dir, RotaTypes: tppextractsim.RotaTypes()},
		gateway.Surroundings{Clock: clock, Trial: true, Practice: practice, Shelf: shelf},
	)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestWhatEveryAdapterMustDo(t *testing.T) {
	for _, s := range subjects() {
		t.Run(s.Name, func(t *testing.T) { adaptertest.Run(t, s) })
	}
}
