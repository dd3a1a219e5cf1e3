package gateway

import (
	"context"
	"errors"
	"net"
	"time"
)

// Clock tells the time. It is handed in; only cmd reads the real one.
type Clock interface{ Now() time.Time }

// ClockFunc makes a Clock of a function.
type ClockFunc func() time.Time

// Now calls the function.
func (f ClockFunc) Now() time.Time { return f() }

// Span is a stretch of time: From inclusive, To exclusive.
type Span struct{ From, To time.Time }

// Has reports whether t is in the span.
func (s Span) Has(t time.Time) bool { return !t.Before(s.From) && t.Before(s.To) }

// Unreadable is one record that a source sent and an adapter could not read. It
// says where and why in the adapter's own words, never with what stood there.
type Unreadable struct {
	Where string // "page 2, entry 14", "appointments.csv line 310"
	Why   string // "start is not a date"
}

// Feed is one read of a practice's diary.
type Feed struct {
	Appointments []Appointment
	Unreadable   []Unreadable
	// Covers is the stretch that the read speaks for. Only with Complete does an
	// appointment's absence from that stretch mean that it is no longer booked.
	Covers   Span
	Complete bool
	AsOf     time.Time // when the data were true, by our clock
	Notes    []string  // what an operator should know: columns taken, parameters ignored
}

// Source reads a practice's diary from its clinical system. Read asks for the
// appointments that start within the span. An error means that nothing was
// learnt; bad records are not errors but Feed.Unreadable. Implementations are
// safe for concurrent use.
type Source interface {
	Read(ctx context.Context, span Span) (Feed, error)
}

// Rereader is a Source that can look at one appointment again, in the moment of
// sending. It gives the appointment as it is now, with the status
// StatusCancelled and the same start when the source no longer has it.
type Rereader interface {
	Reread(ctx context.Context, a Appointment) (Appointment, error)
}

// ErrSourceDenied means that the clinical system does not accept our
// credentials: a person must act.
var ErrSourceDenied = errors.New("the clinical system refused our credentials")

// Outgoing is one text to hand to the provider.
type Outgoing struct {
	Reminder ReminderID
	From     string // the practice's sender
	To       Phone
	Text     Text
	Validity time.Duration // how long the provider may try; ends at the last useful moment
}

// Handover is what the provider says when it has taken a text.
type Handover struct {
	MessageID string // the provider's id
	Segments  int    // what is paid for; 0 when the provider does not say
}

// Provider hands texts to the phone network. Send returns a *SendError that says
// whether the text may have gone; any other error counts as Uncertain.
// Implementations are safe for concurrent use.
type Provider interface {
	Name() string
	Send(ctx context.Context, m Outgoing) (Handover, error)
}

// Receipt is what the provider later says of a text.
type Receipt struct {
	Reminder  ReminderID // zero when the provider did not carry our id
	MessageID string
	State     State // Accepted, Delivered, Undelivered; Unknown: the network did not answer, and it may have arrived
	Code      int   // the provider's error code, 0 when none
	Class     Class // of Code
	// Everywhere is set with Account when the whole account is meant, and not only
	// the sender of this practice.
	Everywhere bool
}

// Inbound is a text that somebody sent to a practice's number.
type Inbound struct {
	MessageID string
	From      Phone
	To        string // the practice's sender
	Text      Text
	// Written is when it was written, by the provider's clock: set for what is read
	// in the provider's list. Zero: it has just come.
	Written time.Time
	// OptOut is set when the provider itself took the words for an opt-out,
	// opt-in or request for help.
	OptOut ReplyKind
}

// Listed is one message of the provider's own list.
type Listed struct {
	MessageID string
	From, To  Phone
	Text      Text
	Created   time.Time
	// State is that of Receipt. Unknown without a code is a status that is not
	// understood, which says no more than that the provider has it.
	State      State
	Code       int   // the provider's error code, 0 when none
	Class      Class // of Code
	Everywhere bool  // as in Receipt
	Inbound    bool
	Answer     bool // it answered what somebody wrote, and is no reminder
}

// Surroundings is what every adapter is given besides its own section of the
// configuration.
type Surroundings struct {
	Clock Clock
	// Trial is sim or test mode: plain http and loopback addresses are accepted,
	// and the numbers that Ofcom keeps for drama count as mobiles.
	Trial bool
	// Heard is told what another's clock said in passing; nil: nobody listens.
	Heard func(Reading)
	// Serving is set where reads are carried out, one process at a time: there an
	// adapter may put away what it has read. Commands that only look leave it unset.
	Serving bool
	// Practice is whose adapter it is.
	Practice ODS
	// Shelf is where the adapter keeps what it must remember.
	Shelf Shelf
	// Turn is asked before every request to the clinical system. It counts the
	// request and waits until the practice's bound on requests a minute allows it; it
	// fails only when ctx ends first. Nil: nobody counts.
	Turn func(ctx context.Context) error
	// Dated is told the Date of every answer over HTTP, as it stands there, so that
	// the clinical system's clock can be compared with ours. Nil: nobody listens.
	Dated func(date string)
	// Dial reaches a socket on the practice's own network through the relay that
	// runs there (`bellman agent`); nil: this process has no relay.
	Dial func(ctx context.Context) (net.Conn, error)
}

// Diary is what is known of one practice when a plan is made: the heads of its
// appointments, and who opted out. It is a snapshot, for one planning.
type Diary interface {
	// Ref gives our own id of an appointment, from its Identity.
	Ref(AppointmentID) Ref
	// Beside gives the other appointments that are known for the same number at
	// the same start: of the same patient under another id, or of a family.
	Beside(ref Ref, start time.Time, n Phone) []Ref
	// Of gives all appointments that are known for a number.
	Of(n Phone) []Ref
	OptedOut(Phone) bool
	// Outs gives what finer opt-outs say about a visit.
	Outs(Appointment) Outs
	Head(Ref) (Head, bool)
	Heads() map[Ref]Head
}
