package main

import (
	"net/http"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// A service manager starts a program that died again at once, while the redis-server of
// the one that was killed is still ending.
func TestAServiceThatIsKilledComesUpAtOnceWithItsOwnRedis(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("bellman")
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, "files", time.Now())
	s.do("keys", "new")
	v := s.process(program, syscall.SIGKILL)
	for range 2 {
		v.awaitReady(http.StatusOK, "ready")
		v.end()
		v = s.process(program, syscall.SIGKILL)
	}
	v.awaitReady(http.StatusOK, "ready")
	v.end()
}
