package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPlanSaysWhichTextsCostMoreForALetter(t *testing.T) {
	t.Parallel()
	s := newScene(t, "files", london(time.October, 19, 8, 30))
	s.do("keys", "new")
	s.booked(london(time.October, 27, 9, 0), 2)
	s.drop()
	said := s.do("plan", "--practice", scenePractice)
	if strings.Contains(said, "UCS-2") || !strings.Contains(said, "to send") {
		t.Errorf("a text in plain letters is called dear, or none is planned:\n%s", said)
	}
	s.edit("name: Riverside Surgery", "name: Meddygfa Tŷ Gwyn")
	if said = s.do("plan", "--practice", scenePractice); !strings.Contains(said, "in UCS-2") || !strings.Contains(said, "policy.accents") {
		t.Errorf("nobody is told of the letter:\n%s", said)
	}
	var rows []planRow
	s.ask(&rows, "plan", "--practice", scenePractice)
	if !slices.ContainsFunc(rows, func(r planRow) bool { return r.Encoding == "UCS-2" && r.Segments > 1 }) {
		t.Error("nor is a machine")
	}
}
