package gateway

import "time"

// Verdict is what Decide says.
type Verdict uint8

// The verdicts. Hold, the zero value, is what anything unknown becomes.
const (
	Hold Verdict = iota
	Send
	Suppress
)

// String gives the word used by `bellman plan --json`.
func (v Verdict) String() string {
	switch v {
	case Send:
		return "send"
	case Suppress:
		return "suppress"
	case Hold:
	}
	return "hold"
}

// Decision is the answer for one reminder.
type Decision struct {
	Verdict Verdict
	Reason  Reason    // why not; None with Send
	At      time.Time // with Send: not before this moment
	Until   time.Time // with Send: not after this moment
}

// Wobble is how far the clocks of our own machines, and of those that we read,
// may be apart before something is wrong. From there on nothing is sent.
const Wobble = time.Minute

// Moment is what Decide knows besides the appointment and its policy: the state
// of the world at one instant.
type Moment struct {
	Now      time.Time
	FeedAsOf time.Time // the last complete read of the practice's diary; zero: never
	OptedOut bool      // this number, for this practice
	VisitOut bool      // this visit
	Clinics  Digest    // the list of clinics about which this number wants no texts; zero: there is none
	Merged   bool      // another text speaks for this appointment
	OffList  bool      // a trial, and the number is not on its list
	Shared   bool      // another patient of the practice has the same number
	Standing Reason    // a hold on the practice or the store; Gone when the visit left the diary; or None
}

// Decide says whether one reminder is sent. It is pure, total, and the only
// place that may say Send. It is asked when a reminder is queued and again in
// the moment of sending, on the newest data both times.
//
// Suppression comes before holding: what must never be sent is never merely
// late. Anything not understood holds.
func (p Policy) Decide(a Appointment, o Owed, n Nation, m Moment) Decision {
	if r := p.forbidden(a, m); r != None {
		return Decision{Verdict: Suppress, Reason: r}
	}
	if r := untimely(o, m); r != None {
		return Decision{Verdict: Suppress, Reason: r}
	}
	if m.Standing == Gone {
		return Decision{Verdict: Suppress, Reason: Gone}
	}
	if r := unclear(a); r != None {
		return Decision{Verdict: Hold, Reason: r}
	}
	if r := p.Who.doubtful(a, m); r != None {
		return Decision{Verdict: Hold, Reason: r}
	}
	if a.unjudged(m.Clinics) {
		return Decision{Verdict: Hold, Reason: ClinicUntold}
	}
	if m.Standing != None {
		return Decision{Verdict: Hold, Reason: m.Standing}
	}
	// A read that lies ahead of now by more than a clock's wobble tells of a clock
	// that was wrong: it could pass for fresh long after.
	if age := m.Now.Sub(m.FeedAsOf); m.FeedAsOf.IsZero() || age > p.StaleAfter || -age >= Wobble {
		return Decision{Verdict: Hold, Reason: FeedStale}
	}
	at, ok := p.Hours.Next(Later(o.SendAt, m.Now), n)
	if !ok || !at.Before(o.Until) {
		return Decision{Verdict: Suppress, Reason: TooLate}
	}
	return Decision{Verdict: Send, At: at, Until: earlier(o.Until, p.Hours.Closes(at))}
}

// forbidden gives the reason never to send that the facts hold, if any.
func (p Policy) forbidden(a Appointment, m Moment) Reason {
	switch a.Status {
	case StatusCancelled:
		return Cancelled
	case StatusArrived, StatusFinished, StatusMissed, StatusNotBooked:
		return NotExpected
	case StatusUnknown, StatusBooked:
	}
	for _, f := range []struct {
		flag   Flag
		reason Reason
	}{
		{a.Patient.Restricted, Restricted},
		{a.Patient.Deceased, Deceased},
		{a.Patient.Left, LeftPractice},
		{a.needsOtherWay(), NeedsOtherWay},
		{a.Patient.Declined, Declined},
		{a.Reminded, SourceReminds},
	} {
		if f.flag == FlagYes {
			return f.reason
		}
	}
	switch a.Patient.MobileKind {
	case NumberMissing:
		return NoMobile
	case NumberLandline:
		return Landline
	case NumberOther:
		return NotAMobile
	case NumberMobile, NumberUnclear:
	}
	switch {
	case p.Who.forbids(a):
		return Sensitive
	case m.OptedOut:
		return OptedOut
	case m.VisitOut:
		return VisitOptedOut
	case a.unwanted(m.Clinics):
		return ClinicOptedOut
	case m.OffList:
		return NotOnAllowList
	case m.Merged:
		return Merged
	}
	return None
}

// untimely gives the reason why it is too late, if it is.
func untimely(o Owed, m Moment) Reason {
	switch {
	case o.Late:
		return BookedLate
	case o.Closed:
		return OutsideHours
	}
	if !m.Now.Before(o.Until) {
		return TooLate
	}
	return None
}

// unclear gives the reason to wait that the facts hold, if any.
func unclear(a Appointment) Reason {
	if a.Status != StatusBooked {
		return StatusUnclear
	}
	if a.StartDoubt != NoDoubt {
		return TimeUnclear
	}
	if a.Patient.MobileKind != NumberMobile || a.Patient.Mobile.IsZero() {
		return MobileUnclear
	}
	for _, f := range []struct {
		flag   Flag
		reason Reason
	}{
		{a.Patient.Restricted, RestrictUnclear},
		{a.Patient.Deceased, DeceasedUnclear},
		{a.Patient.Left, LeftUnclear},
		{a.Patient.Declined, DeclinedUnclear},
		{a.Reminded, RemindedUnclear},
	} {
		if f.flag != FlagNo {
			return f.reason
		}
	}
	return None
}
