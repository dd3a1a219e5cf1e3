package relay_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
	"bellman/gateway/relay"
)

func TestAnotherProcessOfTheGatewayReachesTheSocketThroughItsDoor(t *testing.T) {
	s := newStage(t)
	local := newEcho(t, "riverside ")
	_, at := s.door()
	s.startAgent(s.authority, riverside, local.address, at)
	through := func(a *relay.Authority, practice gateway.ODS) error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c, err := relay.Through(ctx, at, a, clock, practice)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		speaks(t, c, "riverside ")
		return nil
	}
	if err := through(s.authority, riverside); err != nil {
		t.Error(err)
	}
	if err := through(s.authority, "C83003"); !errors.Is(err, relay.ErrNoAgent) {
		t.Errorf("a practice that is not here: %v", err)
	}
	stranger, err := relay.NewAuthority(filepath.Join(t.TempDir(), "other.pem"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := through(stranger, riverside); !errors.Is(err, relay.ErrNoDoor) {
		t.Errorf("with another authority: %v", err)
	}
	if _, err := relay.Through(t.Context(), gatewaytest.FreeAddress(t), s.authority, clock, riverside); !errors.Is(err, relay.ErrNoDoor) {
		t.Errorf("where nobody listens: %v", err)
	}
}

func TestTheAuthoritysFileIsItsOwnersAloneAndNeverOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca.pem")
	if _, err := relay.ReadAuthority(path); !errors.Is(err, os.ErrNotExist) || !errors.Is(err, relay.ErrAuthority) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := relay.NewAuthority(path, time.Now()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if _, err := relay.NewAuthority(path, time.Now()); !errors.Is(err, os.ErrExist) {
		t.Errorf("made twice: %v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("it was overwritten")
	}
	if _, err := relay.ReadAuthority(path); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := relay.ReadAuthority(path); !errors.Is(err, relay.ErrAuthority) {
		t.Errorf("others can read it: %v", err)
	}
	if err := os.WriteFile(path, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := relay.ReadAuthority(path); !errors.Is(err, relay.ErrAuthority) {
		t.Errorf("not a key: %v", err)
	}
}
