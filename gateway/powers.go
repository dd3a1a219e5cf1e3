package gateway

import (
	"context"
	"errors"
)

// What some clinical systems can do besides being read. Each power is a small
// interface that an adapter has or has not. The two that change something in the
// clinical system are off until a practice switches them on, and are never tried
// again blindly.

// Listener is a Source to which its clinical system sends by itself, such as HL7
// messages. Listen takes what comes until ctx ends, and calls changed after what
// came was kept, so that the practice is planned anew. Read gives what is kept.
type Listener interface {
	Source
	Listen(ctx context.Context, changed func()) error
}

// Checker knows a truth about patients beside the practice's own system, such as
// the Personal Demographics Service. Check lays what it knows over an appointment:
// that the patient has died, has left, must not be contacted, has another number.
// It only ever makes texting less likely, or corrects the number. An error means
// that nothing was learnt, and that the text has to wait.
type Checker interface {
	Check(ctx context.Context, a Appointment) (Appointment, error)
}

// PreferenceWriter writes into the clinical system that a patient wants no texts
// about appointments any more.
type PreferenceWriter interface {
	// WriteDeclined returns nil only when the system has confirmed it. ErrNotWritten
	// says that it certainly has not been written; every other error leaves that
	// open. Neither is tried again by the machine.
	WriteDeclined(ctx context.Context, p Patient) error
}

// Canceller cancels one appointment in the clinical system, and no other: it looks
// first whether the appointment still is what a was.
type Canceller interface {
	// CancelAppointment returns nil only when the system has confirmed it.
	// ErrNotWritten says that it certainly has not been cancelled; every other error
	// leaves that open. Neither is tried again by the machine.
	CancelAppointment(ctx context.Context, a Appointment) error
}

// ErrNotWritten means that a change was certainly not made in the clinical system.
var ErrNotWritten = errors.New("the clinical system has not changed anything")
