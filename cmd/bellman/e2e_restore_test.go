package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// copyOf copies the append-only file of a Redis, as a backup of its folder does.
func (r *redisServer) copyOf() string {
	r.t.Helper()
	kept := r.t.TempDir()
	if err := os.CopyFS(kept, os.DirFS(filepath.Join(r.dir, "appendonlydir"))); err != nil {
		r.t.Fatal(err)
	}
	return kept
}

// putBack stops the Redis and starts it with a backup.
func (r *redisServer) putBack(kept string) {
	r.t.Helper()
	r.stop()
	now := filepath.Join(r.dir, "appendonlydir")
	if err := os.RemoveAll(now); err != nil {
		r.t.Fatal(err)
	}
	if kept != "" {
		if err := os.CopyFS(now, os.DirFS(kept)); err != nil {
			r.t.Fatal(err)
		}
	}
	r.start()
}

// The service runs through all of it, and nobody touches it: with a real Redis that
// comes back with an old append-only file, or a new and empty one.
func TestAfterARestoreTheServiceHoldsCatchesUpAndResumesByItself(t *testing.T) {
	for name, c := range map[string]struct {
		empty bool
		late  string
	}{
		"an old backup":                     {false, "withhold"},
		"an old backup, booked_late: send":  {false, "send"},
		"a new empty Redis":                 {true, "withhold"},
		"a new empty Redis, late ones sent": {true, "send"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRedis(t)
			r.start()
			s := newScene(t, "fhir", london(time.October, 20, 17, 0))
			s.useRedis(r)
			s.edit("policy: {}", "policy: {booked_late: "+c.late+"}")
			all := s.booked(london(time.October, 28, 9, 0), 6)
			v := s.live()
			kept := r.copyOf()
			// A week before: one says STOP, five are texted.
			s.twilio.Reply(t.Context(), all[5].number, sceneSender, "no more texts please")
			v.hour(london(time.October, 21, 10, 30))
			v.quiet()
			if n := count(s.reminders()); n != 5 {
				t.Fatalf("%d texts before the loss, want 5", n)
			}
			if c.empty {
				kept = ""
			}
			r.putBack(kept)
			v.awaitReady(http.StatusServiceUnavailable, "in hold")
			if out := s.do("restore"); !strings.Contains(out, "in hold") {
				t.Errorf("restore says %q", out)
			}
			s.clock.set(london(time.October, 21, 10, 32))
			v.awaitReady(http.StatusOK, "ready")
			s.clock.set(london(time.October, 21, 10, 35))
			v.await("what was lost has been looked up", func() string {
				var said restoreRow
				if out := s.do("restore", "--json"); json.Unmarshal([]byte(out), &said) != nil || said.Ended.IsZero() || said.InHold {
					return out
				}
				return ""
			})
			v.read()
			v.quiet()
			if out, by := s.optedOut(all[5]); !out || by != "patient" {
				t.Errorf("opted out: %t, by %q", out, by)
			}
			// A day before: what was not due yet goes as ever.
			v.hour(london(time.October, 27, 10, 30))
			v.quiet()
			for i := range 5 {
				if got := s.bodies(all[i]); len(got) != 2 {
					t.Errorf("patient %d got %q, want one text a week before and one a day before", i, got)
				}
			}
			if got := s.bodies(all[5]); len(got) != 0 {
				t.Errorf("who said STOP got %q", got)
			}
			v.stop()
		})
	}
}

func TestAPersonDeclaresARestoredBackupAndWaits(t *testing.T) {
	t.Parallel()
	s := newScene(t, "fhir", london(time.October, 20, 17, 0))
	all := s.booked(london(time.October, 28, 9, 0), 2)
	v := s.live()
	if out := s.do("restore"); !strings.Contains(out, "not in hold") || !strings.Contains(out, "add --yes") {
		t.Errorf("without --yes: %q", out)
	}
	s.do("restore", "--yes", "--reason", "the disk was replaced")
	v.awaitReady(http.StatusServiceUnavailable, "in hold")
	if out := s.do("audit", "export"); !strings.Contains(out, "the disk was replaced") {
		t.Error("the audit trail does not tell of it")
	}
	go s.clock.set(s.clock.Now().Add(time.Minute))
	if out := s.do("restore", "--wait"); !strings.Contains(out, "not in hold") {
		t.Errorf("after waiting: %q", out)
	}
	v.awaitReady(http.StatusOK, "ready")
	v.hour(london(time.October, 21, 9, 30))
	v.quiet()
	for i := range all {
		if got := s.bodies(all[i]); len(got) != 1 {
			t.Errorf("patient %d got %q, want 1 text", i, got)
		}
	}
	v.stop()
}
