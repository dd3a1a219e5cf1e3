package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/gateway"
)

func TestPullSaysOfWhichVisitTheDateOfBirthIsNotUnderstood(t *testing.T) {
	visit := func(b gateway.Birth, n gateway.Needs) gateway.Appointment {
		return gateway.Appointment{Start: time.Date(2027, time.March, 29, 9, 0, 0, 0, time.UTC), Patient: gateway.Patient{Born: b, Needs: n}}
	}
	all := []gateway.Appointment{
		visit(gateway.Birth{}, 0), visit(gateway.NewBirth(1950, time.March, 4), gateway.NeedsBraille),
		visit(gateway.UnclearBirth(), 0), visit(gateway.NewBirth(1800, time.March, 4), gateway.NeedsNotUnderstood),
	}
	var notes []string
	for _, a := range all {
		notes = append(notes, strings.TrimSpace(noteOf(a)))
	}
	if want := []string{"", "", "date of birth?", "date of birth? needs?"}; !slices.Equal(notes, want) {
		t.Errorf("the rows say %q, want %q", notes, want)
	}
	if got := doubts(all); len(got) != 2 || !strings.HasPrefix(got[0], "2 visits") || !strings.HasPrefix(got[1], "1 visits") || doubts(all[:2]) != nil {
		t.Errorf("the notes are %q", got)
	}
}
