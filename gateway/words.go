package gateway

import (
	"regexp"
	"strings"
)

// ReadReply says what a patient's answer means. Only whole texts count: a word
// inside a sentence says nothing of the sentence ("I need to stop my tablets",
// "don't stop", "stop by at 5?"). Case, spaces, punctuation, accents, emoji,
// courtesies and a phone's signature make no difference. What is plainly one of the
// known wishes is that. What is nearly plain is ReplyUnsure when it looks like an
// opt-out, see words_unsure.go, and otherwise ReplyOther, which a person reads.
//
// The words follow three lists: those that the provider takes for an opt-out
// (STOP, END, QUIT ...), so that our ledger never says less than the provider
// does; what patients write instead; and Welsh. CANCEL and YES are on the
// provider's lists too and mean something else to a patient: CANCEL is about the
// visit, and YES is never an opt-in here.
func ReadReply(s string) ReplyKind {
	words := strings.Fields(fold(s))
	if len(words) > mostRead {
		return ReplyOther
	}
	text := unsigned(words)
	if len(words) <= mostWords {
		if kind := plainWish(strings.Join(once(words), " "), text); kind != ReplyOther {
			return kind
		}
		if looksLikeStop(s) {
			return ReplyStop
		}
	}
	switch {
	case saysWrongNumber(text):
		return ReplyWrong
	case nearlyStop(text):
		return ReplyUnsure
	}
	return ReplyOther
}

// The longest texts in words. No wish that a machine may act on is longer than
// mostWords, courtesies included; in what is longer than mostRead nothing is looked
// for at all.
const (
	mostWords = 16
	mostRead  = 60
)

// plainWish reads a wish that is plain, and gives ReplyOther for any other text. Bare
// is the text as it was written, signature and all.
func plainWish(bare, text string) ReplyKind {
	plain := courteous(text)
	asked := asking.ReplaceAllString(plain, "")
	wished := wishing.ReplaceAllString(asked, "")
	switch {
	case stopWord.MatchString(plain), oneSlip(plain, "UNSUBSCRIBE"),
		stopAsked.MatchString(asked), stopNamed.MatchString(wished):
		return ReplyStop
	// Nothing but the bare word opens again what a STOP closed, and the bare word
	// is what opens it at the provider too.
	case bare == "START", bare == "UNSTOP":
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

// looksLikeStop reports whether a text is a bare word for STOP in characters that look
// like its letters: "ST0P".
func looksLikeStop(s string) bool {
	return stopWord.MatchString(courteous(unsigned(strings.Fields(fold(lookalikes.Replace(strings.ToUpper(s)))))))
}

// unsigned joins words without what a phone or mail program puts below a text.
func unsigned(words []string) string {
	text := phoneSignature.ReplaceAllString(strings.Join(words, " "), "")
	return strings.Join(once(strings.Fields(text)), " ")
}

// courteous takes the courtesies off both ends of a text.
func courteous(text string) string {
	return courtesyAfter.ReplaceAllString(courtesyBefore.ReplaceAllString(text, ""), "")
}

// The patterns are on folded words: capitals without accents and apostrophes, a
// single space between. Each must match the whole of what is left to it.
var (
	phoneSignature = regexp.MustCompile(`(?:^| )(?:(?:SENT|ANFONWYD) (?:FROM|VIA|USING|O|GAN)(?: ` + sayDevice + `)+|GET OUTLOOK FOR (?:IOS|ANDROID))$`)
	courtesyBefore = regexp.MustCompile(`^(?:(?:PLEASE|PLS|PLZ|PLEAS|KINDLY|JUST|HI|HELLO|HIYA|HELO|PLIS) )+`)
	courtesyAfter  = regexp.MustCompile(`(?: (?:PLEASE|PLS|PLZ|PLEAS|NOW|PLIS|OS GWELWCH YN DDA|` + sayThanks + `))+$`)

	// What the patient asks of us may be anything; what the patient wants to do
	// must name the texts: "I want to stop" may be about smoking or a medicine.
	asking  = regexp.MustCompile(`^(?:(?:CAN|COULD|WILL|WOULD) YOU|(?:I (?:WANT|NEED|WOULD LIKE)|ID LIKE) YOU TO) (?:(?:PLEASE|JUST) )*`)
	wishing = regexp.MustCompile(`^(?:(?:I )?(?:WANT|NEED|WISH|WOULD LIKE) TO|ID LIKE TO|CAN I|COULD I) (?:(?:PLEASE|JUST) )*`)

	stopWord = whole(
		`S+T+O+P+`, `S T O P`, `STOP ALL`, `STOPALL`, `STOP (?:IT|THIS)`, `(?:REPLY|ATEBWCH) STOP`,
		`UNSUBSCRIBE`, `UN SUBSCRIBE`, `END`, `QUIT`, `REVOKE`, `OPT ?OUT`, `OPTING OUT`,
		`ARRETE?`, `ARRETT`,
		`STOPIO`, `ATAL`, `DAD ?DANYSGRIFIO`,
	)
	stopAsked = whole(
		`(?:STOP|QUIT) (?:TEXTING|TXTING|MESSAGING|MSGING|CONTACTING|REMINDING|BOTHERING|SPAMMING)(?: (?:ME|US))?`+sayWhere,
		`STOP SENDING (?:ME|US) (?:THESE|THEM|THIS)`, `STOP SENDING (?:THESE|THEM|THIS)(?: TO (?:ME|US))?`,
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
		`I (?:DONT|DO NOT|NO LONGER) (?:WANT|WISH) (?:TO (?:GET|RECEIVE) )?`+sayWhich+sayTexts+sayWhere,
		`I (?:REVOKE|WITHDRAW)(?: MY)? (?:CONSENT|PERMISSION) (?:TO|FOR) `+sayWhich+sayTexts+sayWhere,
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
	sayDevice = `(?:MY|THE|FY|A|AN|YAHOO|OUTLOOK|AOL|BT|PROTON|MAIL|EMAIL|FOR|ON|APPLE|IPHONE|IPAD|IOS|SAMSUNG|GALAXY|ANDROID|HUAWEI|NOKIA|PIXEL|GOOGLE` +
		`|BLACKBERRY|SONY|XPERIA|HTC|LG|MOTOROLA|ONEPLUS|XIAOMI|WINDOWS|EE|VODAFONE|THREE|MOBILE|PHONE|SMARTPHONE|DEVICE|FFON|S|O|X|XR|SE|PRO|MAX|[0-9]+G?)`
	sayThanks = `(?:THANKS|THANK YOU|THANKYOU|THX|TA|CHEERS|DIOLCH)`
	sayWhich  = `(?:(?:THE|THESE|THOSE|THIS|YOUR|MY|ALL|ANY|MORE|ANYMORE|OF|FUTURE|FURTHER|ME) ){0,4}`
	sayTexts  = `(?:(?:TEXT|TXT|SMS|APPOINTMENT|REMINDER) ){0,2}(?:TEXTS|TXTS|MESSAGES|MSGS|SMS|REMINDERS|NOTIFICATIONS|ALERTS)`
	sayWhere  = `(?: (?:TO|ON) (?:ME|US|THIS NUMBER|MY NUMBER|MY PHONE|MY MOBILE|THIS PHONE))?(?: (?:ANYMORE|ANY MORE|AGAIN|EVER AGAIN))?`
	// The code that a text may carry to tell one visit from another.
	sayCode  = `(?: [0-9]{3,8})?`
	sayVisit = `(?:(?:MY|THE|THIS|OUR|NEXT) )?(?:APPOINTMENT|APPOINTMENTS|APPT|APT|APPOINMENT|APPOITMENT|APOINTMENT|BOOKING|VISIT|IT|THIS|THAT)`
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
