package files_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"bellman/adapters/files"
	"bellman/adapters/files/filesim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// Copies break off anywhere: full disks, lost networks, pulled sticks. Whatever
// is left of a file, no visit of it is read wrongly and no part of it passes for
// the whole. Without a companion that holds only for cuts within a line, which is
// why docs/adapters/files.md asks for one where files travel.
func TestAFileCutAnywhereGivesNoWrongVisitAndIsNotComplete(t *testing.T) {
	dir := t.TempDir()
	d := surgery.New(gatewaytest.NewClock(monday))
	surgery.Forty(d, monday, 7)
	if err := filesim.Write(dir, d, monday); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filesim.Name)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	counted := filesim.Config(dir)
	feed, err := reads(t, counted)
	if err != nil || !feed.Complete {
		t.Fatalf("the whole file: %v, complete %t", err, feed.Complete)
	}
	booked := map[gateway.Appointment]bool{}
	for _, a := range feed.Appointments {
		booked[a] = true
	}
	headings := bytes.IndexByte(whole, '\n') + 1
	for cut := headings; cut < len(whole); cut += 23 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		age(t, path, 0)
		if feed, err := reads(t, counted); err == nil && feed.Complete && len(feed.Appointments)+len(feed.Unreadable) < len(booked) {
			t.Fatalf("cut at byte %d of %d and still complete with its companion", cut, len(whole))
		}
		expectPart(t, dir, whole[:cut], booked)
	}
}

// expectPart reads the cut file on its own word, without the companion.
func expectPart(t *testing.T, dir string, part []byte, booked map[gateway.Appointment]bool) {
	t.Helper()
	alone := filesim.Config(filepath.Join(dir, "alone"))
	alone.Complete, alone.Window = true, 28
	if err := os.MkdirAll(alone.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	drop(t, &alone, "diary.csv", string(part))
	feed, err := reads(t, alone)
	if err != nil {
		return
	}
	for _, a := range feed.Appointments {
		if !booked[a] {
			t.Fatalf("cut at byte %d, a visit is read that was never booked", len(part))
		}
	}
	if feed.Complete && !bytes.HasSuffix(part, []byte("\n")) {
		t.Fatalf("cut at byte %d, within a line, and complete", len(part))
	}
}

var _ gateway.Source = (*files.Adapter)(nil)
