package emisextract_test

import (
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"bellman/adapters/emisextract/emisextractsim"
	"bellman/gateway"
)

// A large extract is streamed: what lives on the heap does not grow with it. make
// bench-extract measures a process as a whole, with 5 GB.
func TestALargeExtractNeedsLittleMemory(t *testing.T) {
	const size, most = 200 << 20, 64 << 20
	for _, encrypted := range []bool{false, true} {
		s := newStage(t)
		l := emisextractsim.Large{Dir: s.dir, Now: begin, Bytes: size, People: 4000}
		if encrypted {
			l.Bytes /= 4 // the cipher is slow where memory is watched for races
			public, private := keyPair()
			ring, err := openpgp.ReadArmoredKeyRing(strings.NewReader(public))
			if err != nil {
				t.Fatal(err)
			}
			l.To, s.c.Key, s.c.Passphrase = ring, gateway.NewSecret(private), gateway.NewSecret(passphrase)
			s.restart()
		}
		got, err := emisextractsim.Generate(l)
		if err != nil || got < l.Bytes {
			t.Fatalf("generated %d bytes: %v", got, err)
		}
		peak := watchHeap(t)
		f, err := s.Adapter.Read(t.Context(), s.span())
		used := peak()
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Appointments) != l.Booked() || !f.Complete || len(f.Unreadable) > 0 {
			t.Errorf("%d visits, complete %t, %d unreadable", len(f.Appointments), f.Complete, len(f.Unreadable))
		}
		for _, a := range f.Appointments {
			if a.Status != gateway.StatusBooked || a.Patient.Declined != gateway.FlagYes {
				t.Fatalf("a visit is %d, declined %d", a.Status, a.Patient.Declined)
			}
		}
		t.Logf("%d MB, encrypted %t: at most %d MB on the heap", got>>20, encrypted, used>>20)
		if used > most {
			t.Errorf("%d MB on the heap for an extract of %d MB", used>>20, got>>20)
		}
		clean(t, s.dir)
	}
}

func clean(t *testing.T, dir string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Error(err)
		}
	}
}

// watchHeap looks at the objects on the heap every few milliseconds, until it is
// asked for the most that it saw.
func watchHeap(t *testing.T) func() uint64 {
	t.Helper()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	peak := uint64(0)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 { close(stop); <-done; return peak }
}
