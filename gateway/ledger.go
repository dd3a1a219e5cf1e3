package gateway

import (
	"errors"
	"time"
)

// The words in which workers and the store speak of reminders. They hold no
// technology: a worker asks for what it needs through a small interface of its
// own, and the store answers in these.

// Digest stands for what an appointment's record said when it was read.
type Digest [8]byte

// Token marks the work of one claim, so that a sender that slept past its lease
// can change nothing.
type Token [8]byte

// Facts is what is kept of an appointment: what deciding and wording need in the
// moment of sending, and no more.
type Facts struct {
	Appointment Appointment
	Merged      bool // another text speaks for it
	OffList     bool // a trial, and its number is not on the list
	Shared      bool // another patient of the practice has its number
	// Standing holds whatever is due, until a read clears it: the diary did not
	// confirm the appointment, or too many vanished at once. Gone suppresses it:
	// the other facts are those of before it left the diary.
	Standing Reason
}

// Planned is what is to become of one reminder.
type Planned struct {
	Rule   Rule
	State  State // Queued, Held or Withdrawn
	Reason Reason
	At     time.Time // when the sender looks at it
}

// Entry is one appointment with the plan for its reminders.
type Entry struct {
	Ref       Ref // of the appointment; zero: worked out from its id
	Facts     Facts
	FirstSeen time.Time // when it was first known at this start
	Plan      []Planned
	// Task is what becomes of it for people, where a text about the old start may
	// have gone: TaskMoved when the start is another one now; TaskCancelled also
	// when it is the same.
	Task TaskKind
}

// Move is one reminder's change of state, as it was made.
type Move struct {
	ID       ReminderID
	From, To State // From is 0 for a reminder that did not exist
	Reason   Reason
}

// Planning is what carrying out a plan did.
type Planning struct {
	Written   int    // appointments written; unchanged ones are not
	Conflicts int    // appointments that somebody else changed meanwhile: plan again
	Moves     []Move // all but what was simply queued
	Earliest  time.Time
}

// Claim is one reminder that a sender holds under a lease.
type Claim struct {
	ID        ReminderID
	Token     Token
	Until     time.Time // it is ours until then
	Was       State     // Queued or Held
	WasFor    Reason    // why it was held before
	Attempts  int       // hand-overs tried before
	Digest    Digest
	FirstSeen time.Time
	Facts     Facts
	FeedAsOf  time.Time  // the last complete read of the practice's diary
	Damaged   bool       // the record cannot be opened: nothing may be sent on it
	Clinics   ClinicOuts // about which its number wants no texts
}

// Claiming says how to claim.
type Claiming struct {
	Now    time.Time
	Limit  int           // about so many in all; each part of the queue gives its share, and one at least
	Lease  time.Duration // how long the claims are ours
	Token  Token
	PerSec int // texts a second for each practice's sender; 0: no limit
}

// Catch is what one look at the queue gave.
type Catch struct {
	Claims []Claim
	Moves  []Move    // withdrawn in the claim itself: the number or the visit was opted out
	Next   time.Time // when something is due next; zero: nothing is waiting
	Looked int       // how many were looked at; tells "nothing due" from "all withheld"
}

// Expired is a reminder whose lease ran out while it was being worked on.
type Expired struct {
	ID    ReminderID
	State State // Claimed or Sending
	Token Token
}

// Change asks for one move of a reminder. The table of moves decides from which
// states it is possible.
type Change struct {
	ID     ReminderID
	To     State
	Only   string // narrows the states it may come from, as their letters; "" for all that the table allows
	Reason Reason
	Token  Token  // the claim's token; zero: whoever holds it
	Digest Digest // the record it was decided on; zero: any
	// Consent makes the move fail, and withdraws the reminder, when its number
	// opted out meanwhile, or its visit was. The clinics about which the number wants
	// no texts must still be those that it was decided on: otherwise it is Outdated.
	Consent bool
	Clinics Digest
	// Since, if not zero and without Consent, makes the move only if the reminder has stood as it does
	// since that moment, to the second: what was found out about a text of unknown
	// fate says nothing of one that left meanwhile.
	Since time.Time
	// Most, with To Sending, is how many texts the number may be sent on one day in
	// London; 0: any. What is one too many does not move.
	Most      int
	At        time.Time // for Queued and Held: when to look again; for Sending: until when it is ours
	Code      int
	MessageID string
}

// Changed is the answer to a Change.
type Changed struct {
	Verdict ChangeVerdict
	From    State // where it stood; Nowhere when it is not known
}

// Nowhere is where a reminder stands that nobody knows.
const Nowhere State = '-'

// ChangeVerdict is what became of a Change.
type ChangeVerdict byte

// The verdicts on a change.
const (
	Done      ChangeVerdict = 'y'
	Elsewhere ChangeVerdict = 'n' // it stands elsewhere, or another sender holds it
	Outdated  ChangeVerdict = 'd' // its appointment changed meanwhile, or the clinics that its number wants no texts about
	StoppedBy ChangeVerdict = 'o' // its number opted out; it was withdrawn
	VisitStop ChangeVerdict = 'v' // its visit was opted out; it was withdrawn
	Enough    ChangeVerdict = 'm' // its number has been sent as many texts today as it may
	Same      ChangeVerdict = 's' // it already stood there for the same reason
)

// Standing is where one reminder stands.
type Standing struct {
	ID        ReminderID
	State     State
	Reason    Reason
	At        time.Time // when it got there
	Attempts  int
	Token     Token
	Code      int
	MessageID string   // with Unknown: only when the provider is known to have it
	Number    [12]byte // with Sending and Unknown: stands for the number that the text was meant for; zero: not known, or no more needed
}

// FeedState is what is kept of the reads of a practice's diary.
type FeedState struct {
	AsOf       time.Time `json:"as_of"` // the last complete read; zero: never
	Read       int       `json:"read"`
	Unreadable int       `json:"unreadable"`
	Missing    []Ref     `json:"missing,omitempty"`  // vanished at once in the last read; waiting for a second
	Released   bool      `json:"released,omitempty"` // a person let the next read do what it will
	Rebuilt    time.Time `json:"rebuilt,omitzero"`   // when every record was found to be lost; what was first seen by then may have been texted

	Moving  []Moving  `json:"moving,omitempty"` // moved at once; waiting for a second read, or for a person
	New     int       `json:"new,omitempty"`    // new reminders that wait for a person, being too many at once
	Norm    Norm      `json:"norm"`             // how many new ones are usual
	Planned time.Time `json:"planned,omitzero"` // when the last complete read was carried out
	Until   time.Time `json:"until,omitzero"`   // the end of the stretch that it spoke for
	Changed time.Time `json:"changed,omitzero"` // when a read last differed from the one before it
	Last    time.Time `json:"last,omitzero"`    // the latest start that was kept then
	Seen    time.Time `json:"seen,omitzero"`    // as of when the last read was, complete or not
}

// Moving is an appointment that a read showed at another start together with
// unusually many others. What is kept of it still says the old start.
type Moving struct {
	Ref   Ref       `json:"ref"`
	Start time.Time `json:"start"` // the new one
	Since time.Time `json:"since"` // when it was first shown there
	Alike bool      `json:"alike"` // by the same span as most: a clock may be wrong, and a person must say
}

// Norm is how many reminders a practice came to owe on each of the last days on
// which there were any. It holds counts only.
type Norm struct {
	Rules string  `json:"rules"`          // those under which it was learnt
	Days  []Daily `json:"days,omitempty"` // oldest first
}

// Daily is the count of one day in London, such as 2026-11-23.
type Daily struct {
	Day   string `json:"day"`
	Count int    `json:"count"`
}

// Reply is one text that a patient sent to a practice.
type Reply struct {
	Practice  ODS
	MessageID string
	From      Phone
	Text      Text
	Kind      ReplyKind
	At        time.Time // when it was written, or came
	About     Ref       // the appointment that the last text to this number was about; zero: none known

	Closed  time.Time // zero: it waits for a person; what needs none is closed from the start
	By      string    // who closed it; empty: it needed nobody
	Note    Text      // what they wrote
	Damaged bool      // it cannot be opened any more: only MessageID, At and Closed are known
}

// ID names the reply for good.
func (r Reply) ID() ReplyID { return ReplyID{r.Practice, r.MessageID} }

// Open reports whether the reply waits for a person.
func (r Reply) Open() bool { return r.Closed.IsZero() }

// Head is the part of an appointment's record that is not personal: our own ids
// and times, and keyed hashes.
type Head struct {
	Digest    Digest
	Start     time.Time
	FirstSeen time.Time // when the appointment was first known at this start
	Tag       [12]byte  // stands for the number
	Rules     []Rule
}

// Restoration is how far a store that was emptied, or set back to an older state,
// has been brought back. It holds nothing personal.
type Restoration struct {
	Since     time.Time `json:"since,omitzero"`    // when it was begun; zero: there was none
	Practices int       `json:"practices"`         // to bring back
	Heard     int       `json:"heard"`             // whose patients' texts have been read again
	Read      int       `json:"read"`              // whose diary has been read again, and what may have been sent found
	Found     int       `json:"found"`             // reminders that may have been sent before
	Left      int       `json:"left"`              // of these, those whose fate is not known yet
	Waits     string    `json:"waits,omitempty"`   // what it waits for; "" for nothing
	Released  time.Time `json:"released,omitzero"` // when the hold ended
	Ended     time.Time `json:"ended,omitzero"`    // when nothing was left to do
}

// Begun reports whether the restoration is that of the hold in which the store is:
// every practice of which something may be lost is marked.
func (r Restoration) Begun() bool {
	return !r.Since.IsZero() && r.Released.IsZero() && r.Practices > 0
}

// ErrLossUnmarked means that Redis lost something and the practices have not been
// marked yet. What a diary shows new in that moment may have been known for long; it
// is read again when they are, which takes seconds.
var ErrLossUnmarked = errors.New("redis was emptied or set back, and the practices of which something may be lost are not marked yet")
