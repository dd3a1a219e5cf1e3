package gateway

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule says how long before an appointment a reminder is due: whole calendar
// days at the same wall time in London, or an exact span. Its text form ("7d",
// "2h", "90m") is its identity.
type Rule struct {
	days    int
	minutes int
}

// The longest lead a rule may have, so that a rule fits two bytes in the store.
const (
	maxRuleDays    = 60
	maxRuleMinutes = 60 * 24 * 7
)

// ParseRule reads "7d", "2h" or "90m".
func ParseRule(s string) (Rule, error) {
	bad := fmt.Errorf("%q is not a lead time: write whole days as 7d, hours as 2h, minutes as 90m", s)
	if len(s) < 2 {
		return Rule{}, bad
	}
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || n < 1 || strings.HasPrefix(s, "+") {
		return Rule{}, bad
	}
	if n > maxRuleMinutes { // before it is multiplied: it must not wrap round
		return Rule{}, fmt.Errorf("%q is too long: at most %dd", s, maxRuleDays)
	}
	switch s[len(s)-1] {
	case 'd':
		if n > maxRuleDays {
			return Rule{}, fmt.Errorf("%q is too long: at most %dd", s, maxRuleDays)
		}
		return Rule{days: n}, nil
	case 'h':
		n *= 60
	case 'm':
	default:
		return Rule{}, bad
	}
	if n > maxRuleMinutes {
		return Rule{}, fmt.Errorf("%q is too long: use days", s)
	}
	return Rule{minutes: n}, nil
}

// String gives the rule as it is written in the configuration.
func (r Rule) String() string {
	switch {
	case r.days > 0:
		return strconv.Itoa(r.days) + "d"
	case r.minutes%60 == 0:
		return strconv.Itoa(r.minutes/60) + "h"
	default:
		return strconv.Itoa(r.minutes) + "m"
	}
}

// IsZero reports whether the rule is unset.
func (r Rule) IsZero() bool { return r == Rule{} }

// Due is the moment the rule names for an appointment at start. A day is a
// calendar day in London: the same wall time, whatever the clocks did between.
func (r Rule) Due(start time.Time) time.Time {
	if r.days > 0 {
		return start.In(London()).AddDate(0, 0, -r.days).UTC()
	}
	return start.Add(-time.Duration(r.minutes) * time.Minute)
}

// Code is the rule in two bytes, for the store and for reminder ids.
func (r Rule) Code() uint16 {
	if r.days > 0 {
		return 0x8000 | uint16(r.days)
	}
	return uint16(r.minutes)
}

// RuleFromCode is the inverse of Code.
func RuleFromCode(c uint16) Rule {
	if c&0x8000 != 0 {
		return Rule{days: int(c &^ 0x8000)}
	}
	return Rule{minutes: int(c)}
}

// Ref is our own id of an appointment within its practice: a keyed hash of the
// source's id, so that nothing the source put into its ids reaches a log or a key.
type Ref [9]byte

// String gives the ref in URL-safe letters.
func (r Ref) String() string { return base64.RawURLEncoding.EncodeToString(r[:]) }

// ReminderID names one reminder for good: at most one text is ever sent for it.
type ReminderID struct {
	Practice ODS
	Ref      Ref
	Rule     Rule
	Start    time.Time // to the second
}

// KeySize is the length of the binary form of a reminder id without its practice.
const KeySize = len(Ref{}) + 2 + 4

// Key gives the binary form without the practice: ref, rule, start.
func (id ReminderID) Key() [KeySize]byte {
	var k [KeySize]byte
	copy(k[:9], id.Ref[:])
	binary.BigEndian.PutUint16(k[9:], id.Rule.Code())
	binary.BigEndian.PutUint32(k[11:], uint32(id.Start.Unix()))
	return k
}

// ReminderFromKey is the inverse of Key.
func ReminderFromKey(practice ODS, k []byte) (ReminderID, error) {
	if len(k) != KeySize {
		return ReminderID{}, errors.New("reminder key: wrong length")
	}
	id := ReminderID{Practice: practice, Rule: RuleFromCode(binary.BigEndian.Uint16(k[9:]))}
	copy(id.Ref[:], k)
	id.Start = time.Unix(int64(binary.BigEndian.Uint32(k[11:])), 0).UTC()
	return id, nil
}

// String gives the id as it stands in logs and in callback URLs:
// "A81001.AbC…", with nothing of the patient in it.
func (id ReminderID) String() string {
	k := id.Key()
	return string(id.Practice) + "." + base64.RawURLEncoding.EncodeToString(k[:])
}

// ParseReminderID is the inverse of String.
func ParseReminderID(s string) (ReminderID, error) {
	practice, key, ok := strings.Cut(s, ".")
	if !ok || !ValidODS(practice) {
		return ReminderID{}, errors.New("reminder id: not one of ours")
	}
	k, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return ReminderID{}, errors.New("reminder id: not one of ours")
	}
	id, err := ReminderFromKey(ODS(practice), k)
	if err != nil || id.String() != s { // the decoder passes over line breaks
		return ReminderID{}, errors.New("reminder id: not one of ours")
	}
	return id, nil
}

// State is where a reminder stands. Its byte is what the store keeps.
type State byte

// The states of a reminder.
const (
	Queued      State = 'q' // waiting for its time
	Claimed     State = 'c' // a sender has it and may still put it back
	Sending     State = 's' // written before the request leaves: from here on it may have gone
	Accepted    State = 'a' // the provider has it
	Delivered   State = 'd' // the phone has it
	Undelivered State = 'u' // the provider gave up
	Held        State = 'h' // cannot tell; looked at again
	Withdrawn   State = 'w' // not to be sent, for a reason; nothing left the building
	Refused     State = 'r' // the provider said no
	Unknown     State = 'k' // handed over, fate not known
	Failed      State = 'f' // given up with a reason
)

// States lists every state, in the order of a reminder's life.
var States = []State{Queued, Claimed, Sending, Accepted, Delivered, Undelivered, Held, Withdrawn, Refused, Unknown, Failed}

// String gives the word used in metrics, commands and logs.
func (s State) String() string {
	switch s {
	case Queued:
		return "queued"
	case Claimed:
		return "claimed"
	case Sending:
		return "sending"
	case Accepted:
		return "accepted"
	case Delivered:
		return "delivered"
	case Undelivered:
		return "undelivered"
	case Held:
		return "held"
	case Withdrawn:
		return "withdrawn"
	case Refused:
		return "refused"
	case Unknown:
		return "unknown"
	case Failed:
		return "failed"
	}
	return "invalid"
}

// moves is the whole life of a reminder: from each state, where it may go.
// The store enforces it, one script a move. What is not here cannot happen.
var moves = map[State][]State{
	// Withdrawn -> Queued: nothing had left, and a newer read says that the
	// visit stands after all (booked again, a number added, START).
	// Queued, Held, Claimed -> Unknown: only when Redis was emptied or set back to
	// an older state. What it shows as waiting may have been sent before, and is
	// looked up in the provider's list first (gateway/inbox/restore.go).
	Queued:    {Claimed, Held, Withdrawn, Unknown},
	Held:      {Queued, Claimed, Withdrawn, Unknown},
	Withdrawn: {Queued, Held},
	Claimed:   {Queued, Held, Withdrawn, Sending, Unknown},
	// Sending -> Queued only when it certainly did not go. A receipt may beat
	// the provider's own answer, hence Delivered and Undelivered from here.
	Sending:  {Queued, Accepted, Delivered, Undelivered, Refused, Unknown},
	Unknown:  {Queued, Accepted, Delivered, Undelivered, Refused, Failed},
	Accepted: {Delivered, Undelivered},
	Refused:  {}, Delivered: {}, Undelivered: {}, Failed: {},
}

// MayMove reports whether a reminder may go from one state to another.
func MayMove(from, to State) bool { return slices.Contains(moves[from], to) }

// sources gives for each state those from which it may be reached, as letters.
var sources = func() map[State]string {
	out := map[State]string{}
	for _, to := range States {
		for _, from := range States {
			if MayMove(from, to) {
				out[to] += string(rune(from))
			}
		}
	}
	return out
}()

// SourcesOf lists the states from which a reminder may reach to, as the bytes
// that the store compares with.
func SourcesOf(to State) string { return sources[to] }

// What the provider took, and of which it says afterwards that the network did not
// answer, is Unknown with the reason NotAnswered. It has moves of its own: it was
// taken, so no absence from a list brings it back to the queue.
var fromUnanswered = []State{Delivered, Undelivered, Failed}

const toUnanswered = string(rune(Sending)) + string(rune(Accepted)) + string(rune(Unknown))

// MayMoveFor is MayMove with the reasons for which a reminder stood where it did
// and is to stand where it goes.
func MayMoveFor(from State, was Reason, to State, why Reason) bool {
	switch {
	case from == Unknown && was == NotAnswered:
		return slices.Contains(fromUnanswered, to)
	case to == Unknown && why == NotAnswered:
		return strings.ContainsRune(toUnanswered, rune(from))
	}
	return MayMove(from, to)
}

// SourcesFor is SourcesOf with the reason for the move.
func SourcesFor(to State, why Reason) string {
	if to == Unknown && why == NotAnswered {
		return toUnanswered
	}
	return SourcesOf(to)
}
