package store

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"bellman/gateway"
)

// aJournal gives a journal of its own, and a line that differs by n.
func aJournal(t *testing.T) (*Journal, func(n int) journalLine) {
	t.Helper()
	master, err := newTestMaster()
	if err != nil {
		t.Fatal(err)
	}
	j, err := OpenJournal(filepath.Join(t.TempDir(), "optouts.journal"), master)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)
	return j, func(n int) journalLine {
		return journalLine{Practice: "A81001", Number: "+447700900001", Out: true, At: at, By: gateway.OutByPatient, Message: fmt.Sprint(n)}
	}
}

func TestLinesBroughtAtTheSameTimeAreEachInTheFileWhenTheirBringerIsTold(t *testing.T) {
	j, line := aJournal(t)
	const writers, each = 16, 8
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				l := line(w*each + i)
				if err := j.append(l); err != nil {
					t.Error(err)
				}
				if c := said(t, j, l.Message); c != 1 {
					t.Errorf("a line that was acknowledged stands %d times", c)
				}
			}
		})
	}
	all.Wait()
	lines, damaged, err := j.read()
	if err != nil || damaged > 0 || len(lines) != writers*each {
		t.Errorf("%d lines, %d damaged, %v", len(lines), damaged, err)
	}
}

// said counts the lines that a text asked for.
func said(t *testing.T, j *Journal, message string) (n int) {
	t.Helper()
	lines, _, err := j.read()
	if err != nil {
		t.Error(err)
	}
	for _, l := range lines {
		if l.Message == message {
			n++
		}
	}
	return n
}

func TestEveryoneWhoseLineMayNotBeOnTheDiskIsToldSo(t *testing.T) {
	j, line := aJournal(t)
	if err := os.Remove(j.path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(j.path, 0o700); err != nil { // cannot be written to, even by root
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			if j.append(line(n)) == nil {
				t.Error("a line that is nowhere was acknowledged")
			}
		})
	}
	all.Wait()
	if err := os.Remove(j.path); err != nil {
		t.Fatal(err)
	}
	if err := j.append(line(16)); err != nil || said(t, j, "16") != 1 {
		t.Errorf("the journal does not begin anew: %v", err)
	}
}
