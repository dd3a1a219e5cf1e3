package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestANamedPersonLetsAnUnusualReadThrough(t *testing.T) {
	t.Parallel()
	r := newRedis(t)
	r.start()
	s := newScene(t, "emis", london(time.October, 19, 8, 30))
	s.useRedis(r)
	s.do("keys", "new")
	clinic := london(time.October, 28, 9, 0)
	all := s.booked(clinic, 12)
	v := s.serve()
	v.read()
	if out := s.do("queue", "release", "--practice", scenePractice, "--yes"); !strings.Contains(out, "nothing of A81001 waits") {
		t.Errorf("with nothing to release it says %q", out)
	}
	for i, p := range all { // the clinic's clock is an hour out
		s.diary.Move(p.slot, clinic.Add(time.Hour+time.Duration(i)*10*time.Minute))
	}
	v.await("the moves are held", func() string {
		if n := v.metric("bellman_feed_suspects", `kind="moved"`); n != 12 {
			return fmt.Sprintf("%v wait", n)
		}
		return ""
	})
	if out := s.do("queue", "release", "--practice", scenePractice); !strings.Contains(out, "12 appointments moved") {
		t.Errorf("without --yes release says %q", out)
	}
	for _, part := range [][]string{{}, {"--by", "Jo Field"}, {"--reason", "a late start"}, {"--by", " ", "--reason", "a late start"}} {
		if code, _, _ := s.run(append([]string{"queue", "release", "--practice", scenePractice, "--yes"}, part...)...); code != exitUsage {
			t.Errorf("a release with %q ends with status %d", part, code)
		}
	}
	v.read()
	if n := v.metric("bellman_feed_suspects", `kind="moved"`); n != 12 {
		t.Errorf("%v of 12 moves wait without a name and a reason", n)
	}
	s.do("queue", "release", "--practice", scenePractice, "--yes", "--by", "Jo Field", "--reason", "the clinic begins late")
	v.await("the moves are let through", func() string {
		if n := v.metric("bellman_feed_suspects"); n != 0 {
			return fmt.Sprintf("%v still wait", n)
		}
		return ""
	})
	if out := s.do("audit", "export"); !strings.Contains(out, "by Jo Field: the clinic begins late; 12 appointments moved") {
		t.Errorf("the audit trail says\n%s", out)
	}
	v.stop()
}
