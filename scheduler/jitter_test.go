package scheduler

import (
	"fmt"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"bellman/gateway"
)

func TestThousandsOfPracticesAreSpreadOverTheTimeBetweenTwoReads(t *testing.T) {
	timetable, err := cron.ParseStandard("*/15 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	every := period(timetable, time.Date(2026, time.October, 25, 0, 50, 0, 0, time.UTC)) // the hour that stands twice
	if every != 15*time.Minute {
		t.Fatalf("the time between two reads is %v", every)
	}
	const practices = 6200
	var minutes [12]int
	for i := range practices {
		p := gateway.ODS(fmt.Sprintf("P%05d", i))
		at := jitter(p, practices, every)
		if at != jitter(p, practices, every) {
			t.Fatal("a practice's place is not the same twice")
		}
		minutes[int(at/time.Minute)]++ // out of range: not within twelve minutes
	}
	for m, n := range minutes {
		if n < practices/12*8/10 || n > practices/12*12/10 {
			t.Errorf("%d reads begin in minute %d of twelve", n, m)
		}
	}
}

func TestTheNightAfterTheLastReadOfADayIsNotTheTimeBetweenTwo(t *testing.T) {
	timetable, err := cron.ParseStandard("*/15 8-18 * * 1-5")
	if err != nil {
		t.Fatal(err)
	}
	for _, started := range []time.Time{
		time.Date(2026, time.November, 20, 18, 20, 0, 0, time.UTC), // a Friday, with the last reads of the week to come
		time.Date(2026, time.November, 20, 18, 40, 0, 0, time.UTC),
		time.Date(2026, time.November, 20, 18, 50, 0, 0, time.UTC),
	} {
		if every := period(timetable, started); every != 15*time.Minute {
			t.Errorf("started at %s the time between two reads is %v", started.Format(time.TimeOnly), every)
		}
	}
}

func TestFewPracticesAreReadAtOnceAndAShortTimetableIsKeptTo(t *testing.T) {
	if at := jitter("A81001", 9, time.Hour); at != 0 {
		t.Errorf("one of nine waits %v", at)
	}
	if at := jitter("A81001", 1000, time.Second); at >= time.Second {
		t.Errorf("with a read every second it waits %v", at)
	}
}
