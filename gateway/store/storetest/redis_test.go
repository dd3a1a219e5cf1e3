package storetest

import "testing"

func TestTheThrowAwayServersAnswer(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{
		"one server": func(t testing.TB) string { return Redis(t) },
		"a cluster":  Cluster,
	} {
		t.Run(name, func(t *testing.T) {
			s := Open(t, start(t))
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			if s.InHold() {
				t.Error("a new installation starts in hold")
			}
		})
	}
}
