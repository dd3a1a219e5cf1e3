package gateway

// ReplyKind is what a patient's answer means. Its number is what the store keeps;
// numbers are never reused.
type ReplyKind uint8

// The kinds of reply. ReplyOther is everything that no machine may decide on.
// ReplyWrong is from somebody who says that the phone is not the patient's, and
// ReplyUnsure looks like an opt-out and is not plainly one: a person reads both, and
// nothing is sent to the number meanwhile.
const (
	ReplyOther ReplyKind = iota
	ReplyStop
	ReplyStart
	ReplyHelp
	ReplyCancel
	ReplyConfirm
	ReplyWrong
	ReplyUnsure
)

// ReplyKinds lists every kind.
var ReplyKinds = []ReplyKind{ReplyStop, ReplyStart, ReplyHelp, ReplyCancel, ReplyConfirm, ReplyWrong, ReplyUnsure, ReplyOther}

// String gives the word used in stories and --json.
func (k ReplyKind) String() string {
	switch k {
	case ReplyStop:
		return "stop"
	case ReplyStart:
		return "start"
	case ReplyHelp:
		return "help"
	case ReplyCancel:
		return "cancel"
	case ReplyConfirm:
		return "confirm"
	case ReplyWrong:
		return "wrong_number"
	case ReplyUnsure:
		return "unsure"
	case ReplyOther:
	}
	return "other"
}

// NeedsPerson reports whether somebody at the practice has to read a reply of this
// kind. A kind that is not known here does.
func (k ReplyKind) NeedsPerson() bool {
	switch k {
	case ReplyStop, ReplyStart, ReplyHelp, ReplyConfirm:
		return false
	case ReplyOther, ReplyCancel, ReplyWrong, ReplyUnsure:
	}
	return true
}

// Label gives the word used in metrics, whose list is closed: all that is undecided
// is "other" there.
func (k ReplyKind) Label() string {
	if k == ReplyWrong || k == ReplyUnsure {
		return ReplyOther.String()
	}
	return k.String()
}

// OptsOut says by whom a reply of this kind keeps its number from being texted:
// OptOut.By, or "" when it does not.
func (k ReplyKind) OptsOut() string {
	switch k {
	case ReplyStop:
		return OutByPatient
	case ReplyWrong:
		return OutByWrongNumber
	case ReplyUnsure:
		return OutByUnsure
	case ReplyOther, ReplyStart, ReplyHelp, ReplyCancel, ReplyConfirm:
	}
	return ""
}

// Answer is one of the texts with which a patient is answered. Each goes to a number
// at most once a day, whatever the number sends: a machine that echoes what it gets
// comes to an end.
type Answer byte

// The answers. Their letters stand in the store's keys. NoAnswer is none.
const (
	NoAnswer           Answer = 0
	AnswerStopped      Answer = 's'
	AnswerStarted      Answer = 'a'
	AnswerHelp         Answer = 'h'
	AnswerNotMonitored Answer = 'n'
	AnswerStoppedAll   Answer = 't'
	AnswerClosed       Answer = 'w'
	AnswerUnclear      Answer = 'u' // whether a visit is cancelled is not known
)
