// Package adaptertest is what every adapter of a clinical system must do, as
// tests. An adapter's own test describes itself as a Subject and calls Run; the
// suite books visits in an invented practice, reads them over the real wire from
// the adapter's simulator, breaks that wire in every way the simulator knows, and
// checks what the adapter makes of it. It does not test what is particular to one
// system: its log-on, its paging, its codes.
package adaptertest

import (
	"testing"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Subject is an adapter as the suite sees it.
type Subject struct {
	Name string // the type in the configuration: "emis"
	Can  Abilities
	// StaleAfter is how old a practice lets this feed get; 0: ninety minutes. What
	// comes once a night needs more than a day.
	StaleAfter time.Duration
	// New puts the diary behind a fresh simulator and gives the adapter that reads
	// it, both on the given clock, with trial set. It cleans up through t. Each test
	// of the suite calls it once.
	New func(t *testing.T, d *surgery.Diary, clock gateway.Clock) Wire
}

// Abilities says what the source is able to tell. What is not declared must
// come out as unknown or "not said", never as something else.
type Abilities struct {
	Name, NHSNumber bool // gives the patient's given name, NHS number
	Deceased, Left  bool // says that a patient has died, has left the practice
	Declined        bool // says that a patient wants no texts
	Mode            bool // says how patient and clinician meet
	Born            bool // gives the date of birth
	Clinic          bool // gives a name for the clinic or the type of slot
	Language        bool // says which language a patient would rather speak
	// Statuses lists the statuses that the source gives exactly. A visit with one
	// of the others may be left out or have another status, but never be booked.
	Statuses []gateway.Status
	// KeepsIDOnMove: a visit moved to another time of the same day keeps its id.
	KeepsIDOnMove bool
	// Instants: the source writes offsets, so that the hour that stands twice in
	// October is no doubt.
	Instants bool
	// NeverComplete: the source never claims to tell everything.
	NeverComplete bool
	// SilentWhenEmpty: an empty diary is not taken for a complete read.
	SilentWhenEmpty bool
}

// Wire is one adapter joined to one simulator.
type Wire struct {
	Source gateway.Source
	// Break makes the far side fail in one way from now on. It reports false when
	// this system cannot fail so; the test is then skipped.
	Break func(Fault) bool
	// Secrets are the credentials that the adapter was given.
	Secrets []string
	// Cancels are the ways in which this system shows that the visit in a slot was
	// called off, besides what it makes of Diary.Cancel and Diary.Remove.
	Cancels []Cancel
}

// Cancel is one way to call off the visit in a slot, such as "archived".
type Cancel struct {
	Form string
	Do   func(slot int)
}

// Fault is a way in which a clinical system or the way to it fails.
type Fault string

// The faults.
const (
	// ServerError: every answer to a question about the diary is a 500, or the
	// folder cannot be read.
	ServerError Fault = "a server error"
	// Denied: the credentials are not accepted.
	Denied Fault = "refused credentials"
	// Truncated: the answer breaks off in the middle of a record.
	Truncated Fault = "a truncated answer"
	// HalfPaged: the first of several answers that make up the diary is good, a
	// later one is an error.
	HalfPaged Fault = "a failing later page"
	// NotTheFormat: a log-in page in HTML with status 200, or another kind of file.
	NotTheFormat Fault = "a page of HTML instead of the diary"
	// Hangs: no answer until the caller gives up.
	Hangs Fault = "no answer at all"
	// BadRecord: the record of exactly one visit of surgery.Forty cannot be read,
	// and holds Canary where it is broken; its neighbours are well.
	BadRecord Fault = "one unreadable record"
	// SkippedHour: exactly one visit is written as starting on 28 March 2027 at
	// 01:30 London wall time, which the clocks skip.
	SkippedHour Fault = "a start within the skipped hour"
	// Replayed: a cache on the way gives the answers of now from now on, and says
	// of them how old they are; or the diary's file is written no more.
	Replayed Fault = "answers that a cache replays"
)

// Faults lists every fault.
var Faults = []Fault{ServerError, Denied, Truncated, HalfPaged, NotTheFormat, Hangs, BadRecord, SkippedHour, Replayed}

// Canary is put by a Break into broken records, so that the suite sees it when an
// adapter repeats what stood there.
const Canary = "XQCANARY"

// Run runs the whole suite.
func Run(t *testing.T, s Subject) {
	t.Helper()
	for _, part := range []func(*testing.T, Subject){reading, facts, changing, clockChanges, failing, replaying, keepingQuiet, rereading} {
		part(t, s)
	}
}
