package gateway

import (
	"regexp"
	"strings"
	"unicode"
)

// ReadReply says what a patient's answer means. Only whole texts count: a word
// inside a sentence says nothing of the sentence ("I need to stop my tablets",
// "don't stop", "stop by at 5?"). Case, spaces, punctuation, accents, emoji and
// courtesies make no difference. Whatever is not plainly one of the known wishes,
// the nearly plain included, is ReplyOther, which a person reads.
//
// The words follow three lists: those that the provider takes for an opt-out
// (STOP, END, QUIT ...), so that our ledger never says less than the provider
// does; what patients write instead; and Welsh. CANCEL and YES are on the
// provider's lists too and mean something else to a patient: CANCEL is about the
// visit, and YES is never an opt-in here.
func ReadReply(s string) ReplyKind {
	words := strings.Fields(fold(s))
	if len(words) > mostWords {
		return ReplyOther
	}
	text := strings.Join(once(words), " ")
	plain := courtesyAfter.ReplaceAllString(courtesyBefore.ReplaceAllString(text, ""), "")
	asked := asking.ReplaceAllString(plain, "")
	wished := wishing.ReplaceAllString(asked, "")
	switch {
	case stopWord.MatchString(plain), oneSlip(plain, "UNSUBSCRIBE"),
		stopAsked.MatchString(asked), stopNamed.MatchString(wished):
		return ReplyStop
	// Nothing but the bare word opens again what a STOP closed, and the bare word
	// is what opens it at the provider too.
	case text == "START", text == "UNSTOP":
		return ReplyStart
	// "Help please" may be a cry for help, and no machine answers that.
	case text == "HELP", text == "INFO":
		return ReplyHelp
	case cancelWish.MatchString(wished):
		return ReplyCancel
	// With a courtesy before it, it may be a question: "please confirm".
	case confirmWish.MatchString(text):
		return ReplyConfirm
	}
	return ReplyOther
}

// mostWords bounds what is looked at. No wish that a machine may act on is longer,
// courtesies included.
const mostWords = 16

// The patterns are on folded words: capitals without accents and apostrophes, a
// single space between. Each must match the whole of what is left to it.
var (
	courtesyBefore = regexp.MustCompile(`^(?:(?:PLEASE|PLS|PLZ|PLEAS|KINDLY|JUST|HI|HELLO|HIYA|HELO|PLIS) )+`)
	courtesyAfter  = regexp.MustCompile(`(?: (?:PLEASE|PLS|PLZ|PLEAS|NOW|PLIS|OS GWELWCH YN DDA|` + sayThanks + `))+$`)

	// What the patient asks of us may be anything; what the patient wants to do
	// must name the texts: "I want to stop" may be about smoking or a medicine.
	asking  = regexp.MustCompile(`^(?:(?:CAN|COULD|WILL|WOULD) YOU|(?:I (?:WANT|NEED|WOULD LIKE)|ID LIKE) YOU TO) (?:(?:PLEASE|JUST) )*`)
	wishing = regexp.MustCompile(`^(?:I (?:WANT|NEED|WISH|WOULD LIKE) TO|ID LIKE TO|CAN I|COULD I) (?:(?:PLEASE|JUST) )*`)

	stopWord = whole(
		`S+T+O+P+`, `S T O P`, `STOP ALL`, `STOPALL`, `STOP (?:IT|THIS)`, `(?:REPLY|ATEBWCH) STOP`,
		`UNSUBSCRIBE`, `UN SUBSCRIBE`, `END`, `QUIT`, `REVOKE`, `OPT ?OUT`, `OPTING OUT`,
		`ARRETE?`, `ARRETT`,
		`STOPIO`, `ATAL`, `DAD ?DANYSGRIFIO`,
	)
	stopAsked = whole(
		`(?:STOP|QUIT) (?:TEXTING|MESSAGING|MSGING|CONTACTING|REMINDING|BOTHERING|SPAMMING)(?: (?:ME|US))?`+sayWhere,
		`STOP SENDING (?:ME|US) (?:THESE|THEM|THIS)`,
		`STOP SENDING(?: (?:ME|US))? `+sayWhich+sayTexts+sayWhere,
		`(?:DONT|DO NOT) (?:TEXT|MESSAGE|MSG|CONTACT) (?:ME|US|THIS NUMBER|MY PHONE)`+sayWhere,
		`(?:DONT|DO NOT) SEND(?: (?:ME|US))? `+sayWhich+sayTexts+sayWhere,
		`REMOVE ME(?: FROM `+sayWhich+sayTexts+`)?`,
		`(?:REMOVE|DELETE) (?:MY|THIS)(?: PHONE| MOBILE)? NUMBER(?: FROM (?:THE|THIS|YOUR) (?:LIST|SYSTEM|DATABASE|RECORDS))?`,
		`TAKE (?:ME|MY NUMBER|THIS NUMBER) OFF `+sayWhich+sayTexts,
		`(?:STOPIWCH|STOPIO)(?: YR?|R) NEGESEUON(?: HYN)?`, `STOPIOR NEGESEUON(?: HYN)?`,
		`STOPIWCH ANFON NEGESEUON`, `DIM MWY O NEGESEUON`,
	)
	stopNamed = whole(
		`(?:STOP|END|QUIT|CANCEL) `+sayWhich+sayTexts+sayWhere,
		`(?:I (?:WANT|NEED) )?NO MORE `+sayTexts+sayWhere,
		`I (?:DONT|DO NOT) WANT (?:TO (?:GET|RECEIVE) )?`+sayWhich+sayTexts+sayWhere,
		`(?:UNSUBSCRIBE|UN SUBSCRIBE)(?: (?:ME|US|THIS NUMBER|MY NUMBER))?(?: FROM `+sayWhich+sayTexts+`)?`,
		`(?:I )?OPT(?: (?:ME|US))? OUT(?: (?:OF|FROM) `+sayWhich+sayTexts+`)?`,
		`IM OPTING OUT(?: (?:OF|FROM) `+sayWhich+sayTexts+`)?`,
	)
	cancelWish = whole(
		sayCancel+sayCode, sayCancel+` `+sayVisit+sayCode+`(?: TODAY| TOMORROW)?`,
		`CANSLO`+sayCode, `CANSLO (?:FY )?APWYNTIAD`,
	)
	confirmWish = whole(
		`(?:YES|Y|YEP|YEAH|OK|OKAY|CONFIRM|CONFIRMED|IE|IAWN|CADARNHAU)`+sayCode+`(?: `+sayThanks+`)?`,
		`YES PLEASE`, `I CONFIRM`, `(?:YES|OK|OKAY) (?:CONFIRM|CONFIRMED)`+sayCode,
		`(?:(?:YES|OK|OKAY) )?(?:I WILL|ILL) BE THERE(?: `+sayThanks+`)?`,
	)
)

// Parts of the patterns.
const (
	sayThanks = `(?:THANKS|THANK YOU|THANKYOU|THX|TA|CHEERS|DIOLCH)`
	sayWhich  = `(?:(?:THE|THESE|THOSE|THIS|YOUR|MY|ALL|ANY|MORE|ANYMORE|OF|FUTURE|FURTHER|ME) ){0,4}`
	sayTexts  = `(?:(?:TEXT|TXT|SMS|APPOINTMENT|REMINDER) ){0,2}(?:TEXTS|TXTS|MESSAGES|MSGS|SMS|REMINDERS|NOTIFICATIONS|ALERTS)`
	sayWhere  = `(?: (?:TO|ON) (?:ME|US|THIS NUMBER|MY NUMBER|MY PHONE|MY MOBILE|THIS PHONE))?(?: (?:ANYMORE|ANY MORE|AGAIN|EVER AGAIN))?`
	// The code that a text may carry to tell one visit from another.
	sayCode  = `(?: [0-9]{3,8})?`
	sayVisit = `(?:(?:MY|THE|THIS|OUR|NEXT) )?(?:APPOINTMENT|APPOINTMENTS|APPT|APT|APPOINMENT|APPOITMENT|APOINTMENT|BOOKING|VISIT|IT)`
	// The slips are listed, since CANCER is one letter away too.
	sayCancel = `(?:CANCEL|CANCELL|CANCLE|CANEL|CANCE|CANSEL|CANCAL|CANCIL|CACNEL|CNACEL|ANCEL|CAMCEL)`
)

// whole makes one pattern that a text must match from end to end.
func whole(wishes ...string) *regexp.Regexp {
	return regexp.MustCompile(`^(?:` + strings.Join(wishes, `|`) + `)$`)
}

// once makes one word of a text that is the same word again and again.
func once(words []string) []string {
	for _, w := range words {
		if w != words[0] {
			return words
		}
	}
	return words[:min(1, len(words))]
}

// fold brings a text to capitals, digits and spaces: NFKC as far as patients'
// keyboards need it, without a table of all the world's letters, which the ground
// floor does not carry. Other scripts stay as they are and match nothing.
func fold(s string) string {
	var b strings.Builder
	var last rune
	for _, r := range s {
		switch {
		case r >= '\uff01' && r <= '\uff5e': // full-width forms
			r -= '\uff01' - '!'
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // combining marks, zero-width, direction
			continue
		}
		switch {
		case strings.ContainsRune("'\u2018\u2019\u02bc`\u00b4", r): // dont is don't
			continue
		case unicode.IsDigit(r) && unicode.IsLetter(last): // YES7567
			b.WriteByte(' ')
			b.WriteRune(r)
		case unicode.IsLetter(r):
			b.WriteRune(bare(unicode.ToUpper(r)))
		case unicode.IsDigit(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
		last = r
	}
	return b.String()
}

// bare takes the accent off a Latin capital of Welsh or French.
func bare(r rune) rune {
	const accented, plain = "ÀÁÂÄÃÇÈÉÊËÌÍÎÏÑÒÓÔÖÕÙÚÛÜẀẂŴẄỲÝŶŸ", "AAAAACEEEEIIIINOOOOOUUUUWWWWYYYY"
	if r < 'À' {
		return r
	}
	i := 0
	for _, a := range accented {
		if a == r {
			return rune(plain[i])
		}
		i++
	}
	return r
}

// oneSlip reports whether s is the word, or the word with one letter missing,
// added, changed, or two neighbours swapped. It is for long words only, which no
// other word of a patient is near to.
func oneSlip(s, word string) bool {
	if len(s) > len(word) {
		s, word = word, s
	}
	if len(word)-len(s) > 1 {
		return false
	}
	i := 0
	for i < len(s) && s[i] == word[i] {
		i++
	}
	rest, wrest := s[i:], word[i:]
	switch {
	case len(s) < len(word):
		return rest == wrest[1:]
	case len(rest) < 2:
		return true
	}
	swapped := rest[0] == wrest[1] && rest[1] == wrest[0] && rest[2:] == wrest[2:]
	return swapped || rest[1:] == wrest[1:]
}
