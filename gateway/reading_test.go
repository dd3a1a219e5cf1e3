package gateway_test

import (
	"testing"
	"time"

	"bellman/gateway"
)

func TestTheSkewIsTakenAtTheMiddleOfQuestionAndAnswerAndOfTheGrain(t *testing.T) {
	noon := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name        string
		r           gateway.Reading
		skew, slack time.Duration
		ok          bool
	}{
		{"the same", gateway.Reading{Asked: noon, Answered: noon, Theirs: noon}, 0, 0, true},
		{"ahead", gateway.Reading{Asked: noon, Answered: noon, Theirs: noon.Add(-time.Hour)}, time.Hour, 0, true},
		{"behind", gateway.Reading{Asked: noon, Answered: noon, Theirs: noon.Add(time.Hour)}, -time.Hour, 0, true},
		{"an answer that took its time", gateway.Reading{Asked: noon.Add(-3 * time.Second), Answered: noon.Add(3 * time.Second), Theirs: noon}, 0, 3 * time.Second, true},
		{"whole seconds", gateway.Reading{Asked: noon.Add(500 * time.Millisecond), Answered: noon.Add(500 * time.Millisecond), Theirs: noon, Grain: time.Second}, 0, 500 * time.Millisecond, true},
		{"our clock was set back in between", gateway.Reading{Asked: noon.Add(time.Second), Answered: noon, Theirs: noon}, 0, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			skew, slack, ok := c.r.Skew()
			if skew != c.skew || slack != c.slack || ok != c.ok {
				t.Errorf("%v ± %v %t, want %v ± %v %t", skew, slack, ok, c.skew, c.slack, c.ok)
			}
		})
	}
}
