package gateway

import "time"

// AgeBand is how old a patient is on the day of a visit, as far as deciding needs
// it. The bands are those at which the NHS and the law change who speaks for a
// young person: 11, 16 and 18.
type AgeBand uint8

// The bands. AgeUnsaid, the zero value, is what a system leaves that tells no date
// of birth, and changes nothing. AgeUnclear is a date of birth that is not understood.
const (
	AgeUnsaid AgeBand = iota
	AgeUnclear
	AgeUnder11
	Age11To15
	Age16To17
	AgeAdult
)

// oldest is the age above which a date of birth is taken for one that somebody made
// up for want of the true one, such as 1 January 1900.
const oldest = 120

// Birth is the day on which a patient was born. It does not print, has no way to be
// read outside this package, and is never kept with a visit: only the AgeBand that
// follows is. What adapters may remember of one is the business of gateway/born.
type Birth struct{ private }

// NewBirth wraps a date of birth. A date that does not exist, and nought for what
// is not told of it, gives UnclearBirth.
func NewBirth(year int, month time.Month, day int) Birth {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if year <= 0 || t.Year() != year || t.Month() != month || t.Day() != day {
		return UnclearBirth()
	}
	return Birth{conceal(t.Format(time.DateOnly))}
}

// UnclearBirth is a date of birth that stands there and is not understood.
func UnclearBirth() Birth { return Birth{conceal("?")} }

// grown stands in place of a date of birth of which only this much is known.
const grown = "18"

// GrownBirth is the date of birth of somebody of whom no more is known than that they
// are 18 or older already.
func GrownBirth() Birth { return Birth{conceal(grown)} }

// IsZero reports whether no date of birth was told.
func (b Birth) IsZero() bool { return b == Birth{} }

// AgeOn gives the age band on the London day of a moment. A birthday begins at
// midnight. Who was born on 29 February has it on 1 March in the other years, as
// Scots law writes down (Age of Legal Capacity (Scotland) Act 1991, section 6) and
// as it is reckoned in the rest of the kingdom.
func (b Birth) AgeOn(at time.Time) AgeBand {
	if b.IsZero() {
		return AgeUnsaid
	}
	if b == GrownBirth() {
		return AgeAdult
	}
	born, err := time.Parse(time.DateOnly, b.reveal())
	if err != nil {
		return AgeUnclear
	}
	day := at.In(London())
	years := day.Year() - born.Year()
	if day.Month() < born.Month() || day.Month() == born.Month() && day.Day() < born.Day() {
		years--
	}
	switch {
	case years < 0 || years > oldest:
		return AgeUnclear
	case years < 11:
		return AgeUnder11
	case years < 16:
		return Age11To15
	case years < 18:
		return Age16To17
	}
	return AgeAdult
}

// Contradicts reports whether two dates of birth cannot be one person's: two days that
// differ, or of which one makes an adult of who is none on the day of a visit. What is
// not told or not understood contradicts nothing.
func (b Birth) Contradicts(other Birth, at time.Time) bool {
	if !b.AgeOn(at).known() || !other.AgeOn(at).known() {
		return false
	}
	if b == GrownBirth() || other == GrownBirth() {
		return b.AgeOn(at) != other.AgeOn(at)
	}
	return b != other
}

// Contradicts reports whether an age that was told before and a date of birth cannot
// be one person's.
func (b AgeBand) Contradicts(other Birth, at time.Time) bool {
	is := other.AgeOn(at)
	return b.known() && is.known() && b != is
}

func (b AgeBand) known() bool { return b >= AgeUnder11 && b <= AgeAdult }

// Grown reports whether somebody of this band is known to be 16 or older.
func (b AgeBand) Grown() bool { return b == Age16To17 || b == AgeAdult }
