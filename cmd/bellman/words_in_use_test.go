package main

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/audit"
)

func TestTheTrailNotesWordsOnceUntilTheyChange(t *testing.T) {
	now := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	cfg := &configs.Config{Keys: configs.Keys{File: filepath.Join(t.TempDir(), "keys.json")}}
	for i := range 3 {
		noteWords(cfg, now.Add(time.Duration(i)*time.Hour), slog.New(slog.DiscardHandler))
	}
	trail := audit.New(auditFile(cfg))
	all, err := trail.Verify()
	if err != nil || len(all) != 1 || !strings.HasPrefix(all[0].Detail, "default v") {
		t.Fatalf("%d lines, %v", len(all), err)
	}
	if err := trail.Append(audit.Entry{At: now.Add(4 * time.Hour), What: wordsInUse, Detail: "default v0 00000000"}); err != nil {
		t.Fatal(err)
	}
	noteWords(cfg, now.Add(5*time.Hour), slog.New(slog.DiscardHandler))
	if all, err = trail.Verify(); err != nil || len(all) != 3 {
		t.Errorf("other words are not noted: %d lines, %v", len(all), err)
	}
}

func TestAStoryNamesTheWordsThatWereInUseWhenATextWasHandedOver(t *testing.T) {
	now := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	trail := []audit.Entry{
		{At: now, What: wordsInUse, Detail: "brief v7 11111111, default v1 22222222"},
		{At: now.Add(time.Hour), What: "replies close", Detail: "default v9 x"},
		{At: now.Add(2 * time.Hour), What: wordsInUse, Detail: "default v2 33333333"},
	}
	at := func(d time.Duration, what string) storyLine { return storyLine{What: what, at: now.Add(d)} }
	lines := []storyLine{
		at(-time.Minute, "accepted"), at(0, "accepted"), at(90*time.Minute, "accepted"), at(90*time.Minute, "delivered"), at(3*time.Hour, "accepted"),
	}
	nameWords(lines, gateway.Practice{Policy: gateway.Policy{Wording: "default"}}, trail)
	for i, want := range []string{"", "default v1", "default v1", "", "default v2"} {
		if lines[i].Wording != want || !strings.HasSuffix(lines[i].words, want) {
			t.Errorf("line %d: %q, want %q", i, lines[i].Wording, want)
		}
	}
}

func TestATrailThatCannotBeReadIsToldAndStopsNothing(t *testing.T) {
	cfg := &configs.Config{Keys: configs.Keys{File: filepath.Join(t.TempDir(), "no such directory", "keys.json")}}
	var log bytes.Buffer
	noteWords(cfg, time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC), slog.New(slog.NewTextHandler(&log, nil)))
	if !strings.Contains(log.String(), "note which words") {
		t.Error("nobody is told")
	}
}
