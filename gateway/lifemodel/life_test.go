package lifemodel

import (
	"os"
	"testing"

	"bellman/gateway"
)

// setting is one case to explore: how often each kind of trouble may come.
type setting struct {
	name    string
	left    budget
	diaries []diary
}

var (
	awayAndBack = []diary{booked, elsewhere, cancelled}
	allDiaries  = []diary{booked, newNumber, unclear, cancelled, elsewhere, ruleless}
)

// small are the cases of every test run, a few seconds in all. An answer of Redis
// that is lost is Redis dying with appendfsync always: what it wrote, it keeps.
var small = []setting{
	{"two crashes and a provider that fails twice", budget{crash: 2, refuse: 2}, nil},
	{"a crash, a pause, Redis dies once", budget{crash: 1, pause: 1, cut: 1}, nil},
	{"two pauses and a provider that fails", budget{pause: 2, refuse: 1}, nil},
	{"moved or cancelled and back, a crash, a provider that fails", budget{change: 2, crash: 1, refuse: 1}, awayAndBack},
	{"the diary changes and a pause", budget{change: 1, pause: 1}, allDiaries},
	{"STOP, a pause, a provider that fails", budget{stop: 1, pause: 1, refuse: 1}, nil},
	{"STOP and START, Redis dies once, a provider that fails", budget{stop: 1, start: 1, cut: 1, refuse: 1}, nil},
	{"STOP while the number changes", budget{stop: 1, change: 1, crash: 1}, []diary{newNumber}},
	{"a list that cannot be read, a crash, a provider that fails", budget{crash: 1, refuse: 1, unclearList: 2}, nil},
	{"the network does not answer, a crash, a provider that fails", budget{silent: 1, crash: 1, refuse: 1}, nil},
	{"the network does not answer, a pause, Redis dies once", budget{silent: 1, pause: 1, cut: 1}, nil},
	{"the network does not answer, and the diary changes", budget{silent: 1, change: 1, refuse: 1}, allDiaries},
}

// large are those of `make model`.
var large = []setting{
	{"every trouble once, the provider twice", budget{crash: 1, pause: 1, cut: 1, refuse: 2}, nil},
	{"two crashes, two pauses, a provider that fails", budget{crash: 2, pause: 2, refuse: 1}, nil},
	{"the diary changes twice, a pause, a provider that fails", budget{change: 2, pause: 1, refuse: 1}, allDiaries},
	{"STOP, a crash, a pause, Redis dies once, a provider that fails", budget{stop: 1, crash: 1, pause: 1, cut: 1, refuse: 1}, nil},
	{"STOP, START and STOP, a pause, Redis dies once", budget{stop: 2, start: 1, pause: 1, cut: 1}, nil},
	{"STOP while the diary changes, a pause, a provider that fails", budget{stop: 1, change: 1, pause: 1, refuse: 1}, allDiaries},
	{"the network does not answer, STOP, a crash, a pause, a provider that fails", budget{silent: 1, stop: 1, crash: 1, pause: 1, refuse: 1}, nil},
}

func TestNoOrderOfStepsBreaksALaw(t *testing.T) {
	settings := small
	if os.Getenv("BELLMAN_MODEL") == "large" {
		settings = large
	}
	for _, s := range settings {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			v := judge(t, build{diaries: s.diaries}, s.left, 30_000_000)
			t.Logf("%d worlds, %d steps between them", v.worlds, v.steps)
			if v.broken != kept {
				t.Errorf("%s:\n%s", lawWords[v.broken], v.story)
			}
		})
	}
}

// With the bounds broken a second text is possible. That is what they are for.
func TestOutsideItsBoundsALawBreaks(t *testing.T) {
	for _, c := range []struct {
		name  string
		build build
		left  budget
		want  law
	}{
		{"a request arrives after the list was given its time", build{slowNetwork: true}, budget{refuse: 1}, twoTexts},
		{"the list shows a text after it was given its time", build{slowList: true}, budget{refuse: 1}, twoTexts},
		{"a process is paused between its look at the clock and the wire", build{pauseInside: true}, budget{pause: 1}, twoTexts},
		{"Redis loses its last write", build{}, budget{power: 1, crash: 1}, twoTexts},
	} {
		t.Run(c.name, func(t *testing.T) { breaks(t, c.build, c.left, c.want) })
	}
}

// What the model is worth: each of these is a mistake that one could make, and the
// model finds it.
func TestEveryMistakeInTheProgramBreaksALaw(t *testing.T) {
	for _, c := range []struct {
		mistake string
		build   build
		left    budget
		want    law
	}{
		{"an expired Sending goes back to the queue", build{leaseRequeues: true}, budget{crash: 1}, twoTexts},
		{"an uncertain answer is tried again", build{blindRetry: true}, budget{refuse: 1}, twoTexts},
		{"the text leaves before Sending is written", build{postFirst: true}, budget{crash: 1}, twoTexts},
		{"the scripts compare no tokens", build{noTokens: true}, budget{pause: 1}, fencedWriteCounted},
		{"a hand-over begins however late", build{noDeadline: true}, budget{pause: 1}, twoTexts},
		{"Sending is written on whatever the record says now", build{noDigest: true, diaries: []diary{unclear}}, budget{change: 1}, notDecided},
		{"neither the claim nor the last step asks for opt-outs", build{noConsent: true, claimForgetsOptOuts: true}, budget{stop: 1}, notDecided},
		{"the last step does not ask for opt-outs", build{noConsent: true}, budget{stop: 1}, notDecided},
		{"a move of the visit withdraws what has left", build{planTouchesSending: true, diaries: awayAndBack}, budget{change: 1}, notInTheTable},
		{"the list is believed before its time", build{earlyList: true}, budget{refuse: 1}, twoTexts},
		{"what is unknown is never given up", build{neverGivesUp: true}, budget{crash: 1}, neverEnds},
		{"nobody takes up what a dead sender held", build{noReaper: true}, budget{crash: 1}, neverEnds},
		{"what is held is looked at again at once", build{heldAtOnce: true, diaries: []diary{unclear}}, budget{change: 1}, spins},
		{"STOP is answered at once", build{answersStopAtOnce: true}, budget{stop: 1}, afterStop},
		{"STOP waits for less long than a hand-over may begin", build{longDeadline: true}, budget{stop: 1}, afterStop},
		{"STOP is answered when Redis does not answer", build{impatientStop: true}, budget{stop: 1, cut: 1}, afterStop},
		{"the list is read for the number of today", build{asksNewNumber: true, diaries: []diary{newNumber}}, budget{change: 1, refuse: 1}, twoTexts},
		{"what the list shows as failed counts as never arrived, also where the network did not answer", build{silentIsAbsent: true}, budget{silent: 1, refuse: 1}, twoTexts},
		{"a list that shows it as failed puts back what the network did not answer for", build{silentIsAbsent: true, forgetsItWasTaken: true}, budget{silent: 1}, twoTexts},
		{"what the network did not answer for is merely accepted by a receipt that is late", build{forgetsItWasTaken: true}, budget{silent: 1}, notInTheTable},
		{"a receipt moves a reminder backwards", build{extra: map[gateway.State][]gateway.State{gateway.Delivered: {gateway.Accepted}}}, budget{}, notInTheTable},
	} {
		t.Run(c.mistake, func(t *testing.T) { breaks(t, c.build, c.left, c.want) })
	}
}

func breaks(t *testing.T, b build, left budget, want law) {
	t.Helper()
	b.onlyLaw = want
	v := judge(t, b, left, 3_000_000)
	t.Logf("%d worlds: %s:\n%s", v.worlds, lawWords[v.broken], v.story)
	if v.broken != want {
		t.Errorf("found %q, want %q", lawWords[v.broken], lawWords[want])
	}
}
