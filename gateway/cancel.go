package gateway

import (
	"strings"
	"time"
	"unicode"
)

// AutoCancel says whether a patient's CANCEL with its code frees the visit by itself.
// The zero value is off: then, and whenever anything is not plain, a person reads the
// words (HAZ-12).
type AutoCancel struct {
	On      bool
	AtLeast time.Duration // how far away the visit must be
}

// CodeOf gives the code of the visit that a patient's words name: the one number of
// four digits in a text that ReadReply takes for CANCEL or for a confirmation. It is
// false for every other text, and for one with another number in it.
func CodeOf(text string) (string, bool) {
	if kind := ReadReply(text); kind != ReplyCancel && kind != ReplyConfirm {
		return "", false
	}
	code := ""
	for _, word := range strings.Fields(fold(text)) {
		if !strings.ContainsAny(word, "0123456789") {
			continue
		}
		if code != "" || len(word) != codeLength || strings.Trim(word, "0123456789") != "" {
			return "", false
		}
		code = word
	}
	return code, code != ""
}

// codeLength is that of a VisitCode.
const codeLength = 4

// OnlyCancels gives the code of a text that is the word CANCEL with a visit's code
// and nothing else: no courtesy, no day, no question. More words may mean more, and
// a person reads them.
func OnlyCancels(text string) (string, bool) {
	code, ok := CodeOf(text)
	if !ok || ReadReply(text) != ReplyCancel || len(strings.Fields(fold(text))) != 2 || strings.ContainsFunc(text, meansMore) {
		return "", false
	}
	return code, true
}

// meansMore reports whether a sign beside CANCEL and its code may say more than they
// do: a question in any script, a doubting face, a line through the word. Only signs
// that are known to say nothing, or yes, say nothing.
func meansMore(r rune) bool {
	r = everyday(r)
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsSpace(r) && !unicode.In(r, unicode.Cf) && !strings.ContainsRune(saysNothing, r)
}

// saysNothing are the signs that patients' keyboards add: stops and quotation marks,
// a thumb up, folded hands and smiles, with their colours.
const saysNothing = ".,:;!'\"`()[]<>#*-\u2010\u2011\u2012\u2013\u2014\u2018\u2019\u201c\u201d\u2026\ufe0f" +
	"\U0001f44d\U0001f64f\U0001f642\U0001f60a\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"

// Visit is one visit to come, as it is kept.
type Visit struct {
	Ref     Ref
	Start   time.Time
	Digest  Digest // of the record that Facts is from
	Facts   Facts
	Damaged bool // Facts cannot be opened: nobody can tell whose it is, nor its code
}

// Stands reports whether, as far as is known, the visit is booked, and nothing about
// it is in doubt.
func (v Visit) Stands() bool {
	a := v.Facts.Appointment
	return !v.Damaged && v.Facts.Standing == None && a.Status == StatusBooked && a.StartDoubt == NoDoubt
}

// Named gives those of some visits that a code names; see VisitCode. Two may share
// a code by chance.
func Named(p ODS, code string, visits []Visit) []Visit {
	var out []Visit
	for _, v := range visits {
		if !v.Damaged && VisitCode(p, v.Facts.Appointment) == code {
			out = append(out, v)
		}
	}
	return out
}

// Freeable finds the visit that a code names among all visits to come on the number
// that wrote, and says whether it may be cancelled without a person: CancelAsked, or
// why not. It is pure. What is in doubt is left to people.
func (c AutoCancel) Freeable(p ODS, code string, visits []Visit, now time.Time) (Visit, CancelEnd) {
	for _, v := range visits {
		if v.Damaged {
			return Visit{}, CancelInDoubt
		}
	}
	named := Named(p, code, visits)
	switch {
	case !c.On:
		return Visit{}, CancelInDoubt
	case len(named) == 0:
		return Visit{}, CancelNoVisit
	case len(named) > 1:
		return Visit{}, CancelSeveral
	}
	v := named[0]
	switch {
	case !v.Stands(), !free(v.Facts.Appointment.Patient):
		return v, CancelInDoubt
	case oneText(v, visits):
		return v, CancelSeveral
	case v.Start.Sub(now) < c.AtLeast:
		return v, CancelTooNear
	}
	return v, CancelAsked
}

// free reports whether nothing that is known of a patient asks for a person.
func free(p Patient) bool {
	return p.ID != "" && p.Deceased == FlagNo && p.Left == FlagNo && p.Restricted == FlagNo
}

// oneText reports whether the text about a visit may have spoken for others, too,
// that the patient could mean as well: see Merge.
func oneText(v Visit, visits []Visit) bool {
	a := v.Facts.Appointment
	for _, o := range visits {
		b := o.Facts.Appointment
		if o.Ref != v.Ref && b.Patient.ID == a.Patient.ID && b.Status != StatusCancelled && a.Start.Sub(b.Start).Abs() <= MergeWithin {
			return true
		}
	}
	return v.Facts.Merged
}

// StillAs reports whether a visit that was looked at again is what it was, as far as
// cancelling it goes: the same patient's, booked, at the same start, and the number
// that wrote is still that patient's.
func (v Visit) StillAs(is Appointment) bool {
	was := v.Facts.Appointment
	return is.ID == was.ID && is.Patient.ID == was.Patient.ID && is.Status == StatusBooked &&
		is.StartDoubt == NoDoubt && is.Start.Truncate(time.Second).Equal(was.Start) &&
		is.Patient.MobileKind == NumberMobile && is.Patient.Mobile == was.Patient.Mobile && free(is.Patient)
}
