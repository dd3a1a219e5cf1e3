package storetest

import (
	"net/url"
	"path/filepath"
	"testing"

	"bellman/gateway/store/storetest/tail"
)

// Mortal is a redis-server with an append-only file, synced with every write unless
// its settings say otherwise, that a test kills and starts again.
type Mortal struct {
	URL      string // in the form of redis.url
	t        testing.TB
	dir      string
	settings []string
	kill     func()
}

// NewMortal starts one. It ends with the test.
func NewMortal(t testing.TB, settings ...string) *Mortal {
	t.Helper()
	dir := folder(t)
	m := &Mortal{URL: (&url.URL{Scheme: "unix", Path: filepath.Join(dir, "redis.sock")}).String(), t: t, dir: dir, settings: settings}
	m.Start()
	return m
}

// Kill ends the server at once, as kill -9 does, and comes back when it is dead.
func (m *Mortal) Kill() { m.kill() }

// Tail tells how far its append-only file has come.
func (m *Mortal) Tail() tail.Mark {
	m.t.Helper()
	now, err := tail.Now(m.dir)
	if err != nil {
		m.t.Fatal(err)
	}
	return now
}

// Tear tears off a dead server the end of its append-only file, as a loss of power
// does: at a share, from 0 to 1, of what was written since a mark. It gives how many
// bytes are lost.
func (m *Mortal) Tear(since tail.Mark, share float64) int64 {
	m.t.Helper()
	lost, err := tail.Tear(m.dir, since, share)
	if err != nil {
		m.t.Fatal(err)
	}
	return lost
}

// Start starts the server on the files that it left, and comes back when it answers.
func (m *Mortal) Start() {
	m.t.Helper()
	died, kill := runUntil(m.t, m.dir, append([]string{
		"--port", "0", "--unixsocket", filepath.Join(m.dir, "redis.sock"), "--appendonly", "yes", "--appendfsync", "always",
	}, m.settings...))
	m.kill = kill
	if !answers(m.t, m.URL, died) {
		m.t.Fatal("redis-server does not stay up on its own files")
	}
}
