package gateway

// ReplyKind is what a patient's answer means.
type ReplyKind uint8

// The kinds of reply. ReplyOther is everything that a person must read.
const (
	ReplyOther ReplyKind = iota
	ReplyStop
	ReplyStart
	ReplyHelp
	ReplyCancel
	ReplyConfirm
)

// ReplyKinds lists every kind.
var ReplyKinds = []ReplyKind{ReplyStop, ReplyStart, ReplyHelp, ReplyCancel, ReplyConfirm, ReplyOther}

// String gives the word used in metrics and logs.
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
	case ReplyOther, ReplyCancel:
	}
	return true
}
