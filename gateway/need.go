package gateway

import "strings"

// Needs are what a patient needs to be reached in a way that they can use, as the
// clinical system tells it (Accessible Information Standard, DAPB1605). The zero
// value says that it tells of none.
type Needs uint8

// The needs. Those of ByOtherWay cannot be met by a text.
const (
	NeedsInterpreter Needs = 1 << iota
	NeedsLargePrint        // a phone shows its texts as large as its owner likes
	NeedsBraille
	NeedsAudio         // on tape or disc
	NeedsNoPhone       // no contact by telephone
	NeedsMinicom       // a text telephone on a landline
	NeedsSomebodyElse  // contact through a named other person only
	NeedsNotUnderstood // something stands there that is not understood
)

// ByOtherWay reports whether a text is no way to reach the patient, so that a
// person has to find another.
func (n Needs) ByOtherWay() bool {
	return n&(NeedsBraille|NeedsAudio|NeedsNoPhone|NeedsMinicom|NeedsSomebodyElse) != 0
}

// Unclear reports whether some need is not understood, one of a later version
// included: nothing is sent then.
func (n Needs) Unclear() bool { return n&NeedsNotUnderstood != 0 }

// Language is the language in which a patient would rather be spoken to.
type Language uint8

// The languages that make a difference: those of our wording, and all others.
const (
	LanguageUnsaid Language = iota
	LanguageEnglish
	LanguageWelsh
	LanguageOther
)

// LanguageOf reads what a system says of a language: a code of ISO 639 with or
// without a region, such as en, cy-GB or pol, or a name. The codes of signed
// languages and of Makaton that the NHS has added (q1 to q5) say nothing of the
// language that somebody reads.
func LanguageOf(said string) Language {
	words := strings.Fields(fold(said))
	if len(words) == 0 {
		return LanguageUnsaid
	}
	switch words[0] {
	case "EN", "ENG", "ENGLISH", "SAESNEG":
		return LanguageEnglish
	case "CY", "CYM", "WEL", "WELSH", "CYMRAEG":
		return LanguageWelsh
	case "Q", "UND", "ZXX", "UNKNOWN", "NOT", "NONE":
		return LanguageUnsaid
	}
	return LanguageOther
}
