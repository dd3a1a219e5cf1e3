package emisextract_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/s2k"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"bellman/adapters/adaptertest"
	"bellman/adapters/emisextract"
	"bellman/adapters/emisextract/emisextractsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

const passphrase = "correct-horse-of-the-extract"

// keyPair is the practice's key: the public part for EMIS, the private one, locked,
// for us.
var keyPair = sync.OnceValues(func() (public, private string) {
	made := time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	config := &packet.Config{
		Time: func() time.Time { return made }, Algorithm: packet.PubKeyAlgoEdDSA,
		S2KConfig: &s2k.Config{S2KMode: s2k.IteratedSaltedS2K, S2KCount: 65536},
	}
	e, err := openpgp.NewEntity("Extract", "", "extract@example.org", config)
	if err != nil {
		panic(err)
	}
	public = armored("PGP PUBLIC KEY BLOCK", e.Serialize)
	if err := e.EncryptPrivateKeys([]byte(passphrase), config); err != nil {
		panic(err)
	}
	return public, armored("PGP PRIVATE KEY BLOCK", func(w io.Writer) error { return e.SerializePrivateWithoutSigning(w, nil) })
})

func armored(kind string, write func(io.Writer) error) string {
	var b bytes.Buffer
	w, err := armor.Encode(&b, kind, nil)
	if err == nil {
		err = write(w)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return b.String()
}

// practice is one practice whose extract arrives in a folder.
type practice struct {
	*emisextract.Adapter
	t     *testing.T
	dir   string
	clock gateway.Clock
	shelf *gatewaytest.Shelf
	sim   *emisextractsim.Sim
	env   gateway.Surroundings
	c     emisextract.Config
	quiet bool // no export before a read
	once  *sync.Once
}

// Read makes the nightly export before it, as if every read were in the morning.
func (p *practice) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	if !p.quiet {
		export := func() {
			if err := p.sim.Export(); err != nil && !errors.Is(err, fs.ErrNotExist) {
				p.t.Error(err)
			}
		}
		if p.once != nil {
			p.once.Do(export)
		} else {
			export()
		}
	}
	return p.Adapter.Read(ctx, span)
}

// join gives a practice of a diary, encrypted or not.
func join(t *testing.T, d *surgery.Diary, clock gateway.Clock, encrypted bool, change ...func(*emisextract.Config)) *practice {
	t.Helper()
	p := &practice{t: t, dir: filepath.Join(t.TempDir(), "in"), clock: clock, shelf: gatewaytest.NewShelf()}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o := emisextractsim.Options{Dir: p.dir, Clock: clock, ODS: gatewaytest.Riverside}
	p.c = emisextract.Config{Dir: p.dir, Bulk: emisextractsim.Bulk, CutOff: emisextract.CutOffStamp}
	if encrypted {
		public, private := keyPair()
		o.Key = public
		p.c.Key, p.c.Passphrase = gateway.NewSecret(private), gateway.NewSecret(passphrase)
	}
	for _, f := range change {
		f(&p.c)
	}
	sim, err := emisextractsim.New(d, o)
	if err != nil {
		t.Fatal(err)
	}
	p.sim = sim
	p.env = gateway.Surroundings{Clock: clock, Trial: true, Practice: gatewaytest.Riverside, Shelf: p.shelf}
	p.again()
	return p
}

// again makes the adapter anew, as after a restart.
func (p *practice) again() {
	p.t.Helper()
	a, err := emisextract.New(p.c, p.env)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Adapter = a
}

func (p *practice) breakWith(f adaptertest.Fault) bool {
	switch f {
	case adaptertest.Denied, adaptertest.Hangs:
		return false // a folder has no password, and answers
	case adaptertest.ServerError:
		if err := os.RemoveAll(p.dir); err != nil {
			p.t.Error(err)
		}
	case adaptertest.Truncated:
		p.sim.SetFaults(emisextractsim.Faults{Truncate: true})
	case adaptertest.HalfPaged:
		p.sim.SetFaults(emisextractsim.Faults{Omit: "Appointment_Slot"})
	case adaptertest.NotTheFormat:
		p.sim.SetFaults(emisextractsim.Faults{Page: true})
	case adaptertest.BadRecord:
		p.sim.SetFaults(emisextractsim.Faults{LastDate: adaptertest.Canary})
	case adaptertest.SkippedHour:
		p.sim.SetFaults(emisextractsim.Faults{LastDate: "2027-03-28", LastTime: "01:30:00"})
	case adaptertest.Replayed:
		p.sim.SetFaults(emisextractsim.Faults{Stopped: true})
	}
	return true
}

func (p *practice) wire() adaptertest.Wire {
	return adaptertest.Wire{
		Source: p, Break: p.breakWith, Secrets: []string{passphrase},
		Cancels: []adaptertest.Cancel{
			{Form: "deleted with its patient still named", Do: func(slot int) { p.sim.CallOff(slot, emisextractsim.Named) }},
			{Form: "deleted with all else blank", Do: func(slot int) { p.sim.CallOff(slot, emisextractsim.Blank) }},
		},
	}
}

// subject is the EMIS Extract as the suites see it.
func subject(encrypted bool) adaptertest.Subject {
	return adaptertest.Subject{
		Name: "emis-extract", StaleAfter: 36 * time.Hour,
		Can: adaptertest.Abilities{
			Name: true, NHSNumber: true, Deceased: true, Left: true, Declined: true, Mode: true, Born: true, Clinic: true, KeepsIDOnMove: true, SilentWhenEmpty: true,
			Statuses: []gateway.Status{gateway.StatusArrived, gateway.StatusFinished, gateway.StatusMissed},
		},
		New: func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
			p := join(t, d, clock, encrypted)
			if filepath.Base(t.Name()) == "sixteen_reads_at_once_agree" {
				p.once = &sync.Once{}
			}
			return p.wire()
		},
	}
}

func TestFilesInClearDoWhatEveryAdapterMust(t *testing.T) { adaptertest.Run(t, subject(false)) }

func TestEncryptedFilesDoWhatEveryAdapterMust(t *testing.T) { adaptertest.Run(t, subject(true)) }
