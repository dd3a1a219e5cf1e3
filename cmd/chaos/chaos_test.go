package main

import "testing"

// The short version of `make chaos`: two minutes in which replicas and Redis are
// killed while reminders fall due and the provider loses answers.
func TestWhateverIsKilledEveryPatientGetsOneText(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes")
	}
	report, err := Run(t.Context(), Options{
		Quick: true, Seed: 7, Reminders: 600, Practices: 5, Replicas: 2, Kills: 60, RedisKills: 6, Pauses: 1, Lose: 0.1, Keep: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + report.String())
	if !report.Clean() {
		t.Error("a patient got a text too many, none, or a wrong one")
	}
	if report.Kills < 30 || report.RedisKills < 3 {
		t.Error("too little was broken to prove anything")
	}
}
