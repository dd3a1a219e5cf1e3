package storetest

import (
	"net/url"
	"path/filepath"
	"testing"
)

// Mortal is a redis-server with an append-only file, synced with every write, that
// a test kills and starts again.
type Mortal struct {
	URL  string // in the form of redis.url
	t    testing.TB
	dir  string
	kill func()
}

// NewMortal starts one. It ends with the test.
func NewMortal(t testing.TB) *Mortal {
	t.Helper()
	dir := folder(t)
	m := &Mortal{URL: (&url.URL{Scheme: "unix", Path: filepath.Join(dir, "redis.sock")}).String(), t: t, dir: dir}
	m.Start()
	return m
}

// Kill ends the server at once, as kill -9 does, and comes back when it is dead.
func (m *Mortal) Kill() { m.kill() }

// Start starts the server on the files that it left, and comes back when it answers.
func (m *Mortal) Start() {
	m.t.Helper()
	died, kill := runUntil(m.t, m.dir, []string{
		"--port", "0", "--unixsocket", filepath.Join(m.dir, "redis.sock"), "--appendonly", "yes", "--appendfsync", "always",
	})
	m.kill = kill
	if !answers(m.t, m.URL, died) {
		m.t.Fatal("redis-server does not stay up on its own files")
	}
}
