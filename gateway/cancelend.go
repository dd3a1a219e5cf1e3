package gateway

// CancelEnd says what became of a patient's CANCEL where a practice lets Bellman
// cancel by itself. It is a closed list: a metric label and a sentence. Its byte is
// what the store keeps; bytes are never reused.
type CancelEnd byte

// The ends. CancelAsked is none yet: the clinical system is being asked, or was when
// the process died, and nobody knows.
const (
	CancelAsked      CancelEnd = 'a'
	CancelDone       CancelEnd = 'd'
	CancelNotWritten CancelEnd = 'n'
	CancelUnclear    CancelEnd = 'u'

	// Left to people: nothing was asked of the clinical system.
	CancelOtherWords CancelEnd = 'w'
	CancelNoVisit    CancelEnd = 'v'
	CancelSeveral    CancelEnd = 's'
	CancelTooNear    CancelEnd = 't'
	CancelOptedOut   CancelEnd = 'o'
	CancelGuessed    CancelEnd = 'g'
	CancelAgain      CancelEnd = 'b'
	CancelChanged    CancelEnd = 'c'
	CancelInDoubt    CancelEnd = 'i'
)

type cancelWords struct {
	end          CancelEnd
	label, words string
}

var cancelEnds = []cancelWords{
	{CancelAsked, "asked", "the clinical system is asked to cancel it; unless a later line says more, nobody knows whether it did: look there"},
	{CancelDone, "cancelled", "the clinical system has confirmed that it is cancelled"},
	{CancelNotWritten, "not_written", "the clinical system did not cancel it: it stands"},
	{CancelUnclear, "unclear", "the clinical system did not confirm that it is cancelled: look there"},
	{CancelOtherWords, "other_words", "the words are not just CANCEL with a code"},
	{CancelNoVisit, "no_visit", "no visit to come on this number has that code"},
	{CancelSeveral, "several_visits", "more than one visit may be meant"},
	{CancelTooNear, "too_near", "the visit is too near"},
	{CancelOptedOut, "opted_out", "the number has opted out of texts"},
	{CancelGuessed, "guessed", "the number has sent a wrong code today"},
	{CancelAgain, "asked_before", "it was tried before for this visit"},
	{CancelChanged, "changed", "the clinical system no longer shows the visit as it was, or could not be asked"},
	{CancelInDoubt, "in_doubt", "something about the visit, the patient or Bellman's own records is not certain"},
}

// CancelEnds lists every end but CancelAsked, for metrics that start at zero.
func CancelEnds() []CancelEnd {
	var out []CancelEnd
	for _, e := range cancelEnds {
		if e.end != CancelAsked {
			out = append(out, e.end)
		}
	}
	return out
}

// String gives the label: lower case, underscores, empty for none of the list.
func (e CancelEnd) String() string {
	for _, w := range cancelEnds {
		if w.end == e {
			return w.label
		}
	}
	return ""
}

// Words gives the sentence that staff read, empty for none of the list.
func (e CancelEnd) Words() string {
	for _, w := range cancelEnds {
		if w.end == e {
			return w.words
		}
	}
	return ""
}
