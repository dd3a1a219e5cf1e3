package gateway

import (
	"regexp"
	"strings"
)

// nearlyStop reports whether a folded text looks like an opt-out without plainly being
// one: STOP mistyped, or with something beside it that changes nothing ("stop mate",
// "STOP 12345", a name below it), a wish to be left alone, or a plain opt-out phrase
// among other words. A person reads it, and nothing is sent meanwhile.
//
// It is never STOP in another meaning: what speaks of health is not, and the bare word
// among other words is not, since nobody can list what else patients stop.
func nearlyStop(text string) bool {
	if aboutHealth(text) {
		return false
	}
	core := idling(text)
	asked := claiming.ReplaceAllString(asking.ReplaceAllString(core, ""), "")
	wished := wondering.ReplaceAllString(wishing.ReplaceAllString(asked, ""), "")
	return leaveAlone.MatchString(courteous(text)) || stopAlmost.MatchString(core) || stopAlmost.MatchString(asked) || leaveAlone.MatchString(core) ||
		stopAsked.MatchString(wished) || stopNamed.MatchString(wished) || nearUnsubscribe(strings.TrimSuffix(core, " ME")) || saysStopWithin(text)
}

// idling takes away what people put beside a wish and what does not change it.
func idling(text string) string {
	text = idleName.ReplaceAllString(idlePhrase.ReplaceAllString(text, " "), "")
	var out []string
	for w := range strings.FieldsSeq(text) {
		if !idleWords[w] && !idleCode.MatchString(w) {
			out = append(out, w)
		}
	}
	return strings.Join(once(out), " ")
}

var (
	idleWords = wordSet(`
		PLEASE PLS PLZ PLEAS PLEASEE KINDLY JUST HI HELLO HIYA HELO HEY OI OY PLIS THANKS THANK YOUTHANKS THANKYOU THX TA CHEERS DIOLCH NOW
		OK OKAY YES YEAH YEP NO NOPE DEAR SIR MADAM SIRS TEAM MATE M8 PAL LOVE LUV BRO BRUV BRUH MAN GUYS FOLKS LADS BABE HUN LOL LMAO OMG WTF FFS
		ALREADY IMMEDIATELY ASAP FOREVER FINALLY REALLY AGAIN SERIOUSLY HONESTLY SORRY
		BLOODY FUCKING FUCKIN FKING EFFING FREAKING DAMN SODDING SHIT CRAP CUNT CUNTS WANKER WANKERS IDIOT IDIOTS TWAT TWATS
		BASTARD BASTARDS BITCH BITCHES ARSEHOLE ARSEHOLES ASSHOLE MORON MORONS PRICK PRICKS DICKHEAD DICKHEADS SCUM SPAMMER SPAMMERS
		REGARDS SINCERELY FAITHFULLY YOURS TRULY SIGNED BEST KIND WISHES REF CODE
	`)
	idleCode   = regexp.MustCompile(`^[0-9]{3,8}$`)
	idlePhrase = regexp.MustCompile(`(?:^| )(?:THANK YOU|YOU (?:STUPID |FUCKING |BLOODY |LOT OF )?(?:IDIOTS?|CUNTS?|WANKERS?|TWATS?|BASTARDS?|MORONS?|PRICKS?|SCUM|LOT)` +
		`|FOR (?:FUCKS?|GODS|CHRISTS|HEAVENS|PETES) SAKE|THE FUCK|(?:FUCK|PISS|BUGGER|SOD|EFF) OFF|GO AWAY|(?:IM|I AM) NOT INTERESTED|RIGHT NOW|AT ONCE|STRAIGHT AWAY|THIS INSTANT|FOR GOOD|FROM NOW ON|I BEG YOU|IM BEGGING YOU|OR ELSE|OS GWELWCH YN DDA)`)
	// A name below the text: "- J Smith", "from Mrs Jones", "Jane Smith".
	idleName = regexp.MustCompile(`(?: (?:FROM|THIS IS|ITS|MY NAME IS))?(?: ` + sayTitled + `|(?: [B-HJ-Z]){1,2} [A-Z]{3,}| ` + sayGiven + `(?: [A-Z]+)?)$`)
)

// What stands before a wish without changing it: that it was said before, or how it is
// to be done.
var (
	claiming  = regexp.MustCompile(`^(?:I|IVE|I HAVE|WE|WEVE) (?:(?:SAID|SAY|TYPED|REPLIED|TEXTED|WROTE|SENT|PUT)|(?:TOLD|ASKED|BEGGED) YOU(?: LOT| PEOPLE)?(?: TO)?) `)
	wondering = regexp.MustCompile(`^(?:HOW (?:DO|CAN|COULD|WOULD) (?:I|WE)|HOW TO|HOW DO YOU|WHY (?:WONT|DONT|CANT) YOU|WILL YOU EVER) `)
)

var (
	stopAlmost = whole(
		`S+T+O+P+`, `S T O P`, `STOP ALL`, `STOPALL`, `STOP 1{1,3}`, // an exclamation mark without the shift key
		`STOP (?:IT|THIS|THESE|THOSE|ME|US|YOU|SENDING|CONTACT|WITH THE TEXTS|TEXTS?|MESSAGES?)`,
		`UNSUBSCRIBE`, `UN SUBSCRIBE`, `UNSUB`, `OPT ?OUT`, `ARRETE?`, `STOPIO`, `ATAL`,
		`(?:I )?(?:REVOKE|WITHDRAW)(?: MY)? (?:CONSENT|PERMISSION)`,
		// Slips of the finger, as long as they are no other word.
		`SOTP`, `STPO`, `TSOP`, `OSTP`, `SOPT`, `STP`, `STO`, `STTP`, `DTOP`, `XTOP`, `SYOP`, `SROP`, `SGOP`, `STIP`, `STPP`, `STKP`, `STLP`, `STOO`, `STOL`,
		`STOIP`, `STOPL`, `STOPO`, `STOPE`, `STROP`, `STOPS`, `SSOTP`, `ST OP`, `S TOP`, `STO P`, `S TO P`, `OPTOU`, `OPTUT`, `OPOUT`, `OPT OT`, `OPT OU`, `OPY OUT`, `OPT OUR`,
		`STOP(?:TEXTS?|TEXTING|TEXTINGME|MESSAGES?|MSGS?|SMS|NOW|PLEASE|PLS|IT|ME)`,
		// Words that contradict each other.
		`STOP (?:START|`+sayCancel+`)`, `(?:START|`+sayCancel+`) STOP`,
		`STOPIWCH`, `STOPWCH`, `STOPIA`, `STOPA`, `PEIDIWCH`, `RHOWCH Y GORAU`, `DIM MWY`,
		// STOP in the languages that are spoken most beside English and Welsh.
		`СТОП`, `ΣΤΟΠ`, `停止`, `停`, `قف`, `توقف`, `بند کرو`, fold(`रुको`), fold(`ਰੁਕੋ`), fold(`বন্ধ`), `PRZESTAN`, `PRZESTAŃ`, `ZATRZYMAJ`, `OPRITI`, `OPRIȚI`, `OPRIŢI`, `BASTA`, `PARAR`, `DUR`,
	)
	leaveAlone = whole(
		`LEAVE (?:ME|US) (?:ALONE|BE)`, `GO AWAY`, `GET LOST`, `DO ONE`, `SHUT UP`, `SHUT IT`, `(?:F|FUCK|PISS|BUGGER|SOD|EFF|FECK|NAFF|JOG) OFF`, `(?:YOU CAN )?(?:FUCK|PISS) OFF`,
		`(?:TAKE|GET) (?:ME|US|MY NUMBER|THIS NUMBER|THIS PHONE) OFF(?: `+sayList+`)?`,
		`(?:REMOVE|DELETE) (?:ME|US|MY NUMBER|THIS NUMBER|MY DETAILS) FROM `+sayList, `(?:DELETE|BLOCK) ME`,
		`STOP (?:TEXT|TEXT ME|MESSAGE|MESSAGE ME|SEND|SENDING STUFF|SENDING ME STUFF|DOING THIS|WASTING MY TIME|WITH (?:THE|THESE) `+sayTexts+`)`,
		`STOP (?:CALLING|RINGING|PHONING|HARASSING|ANNOYING|PESTERING|HASSLING|BUGGING|HOUNDING)(?: (?:ME|US))?`,
		`NO(?: MORE)? (?:TEXTS?|TEXTING|MESSAGES?|CONTACT|REMINDERS?)`, `NO MORE`, `(?:NOT|IM NOT|I AM NOT) INTERESTED`, `TOO MANY `+sayTexts,
		`(?:DONT|DO NOT) (?:TEXT|TXT|MESSAGE|MSG|CONTACT|BOTHER|DISTURB)(?: (?:ME|US))?(?: (?:TODAY|TONIGHT|HERE|ON HERE|AT WORK|AT NIGHT|AT HOME|BACK))?`,
		`I (?:DONT|DO NOT) (?:NEED|LIKE|USE|READ) `+sayWhich+sayTexts, `I (?:DONT|DO NOT) WANT TO BE (?:TEXTED|CONTACTED|MESSAGED|REMINDED)`,
		`PEIDIWCH (?:A |AG )?(?:THECSTIO|TECSTIO|ANFON|CHYSYLLTU|CYSYLLTU)(?: [A-Z]+){0,3}`, `DIM NEGESEUON`, `STOPIO ANFON`, `GADEWCH LONYDD I (?:MI|FI)`, `(?:RHOWCH|RHO) LONYDD I (?:MI|FI)`,
	)
)

const sayList = `(?:(?:YOUR|THE|THIS|UR|ALL|ANY) )?(?:(?:MAILING|TEXT|TEXTING|MESSAGE|CONTACT|CALL|CALLING|PHONE|SMS|REMINDER) )?(?:LISTS?|SYSTEM|DATABASE|RECORDS|BOOKS|FILE|FILES|THIS|IT)`

// nearUnsubscribe reports whether a text is UNSUBSCRIBE with two slips.
func nearUnsubscribe(s string) bool {
	const word = "UNSUBSCRIBE"
	if !strings.HasPrefix(s, "UN") || strings.Contains(s, " ") {
		return false
	}
	for i := range word {
		if oneSlip(s, word[:i]+word[i+1:]) {
			return true
		}
	}
	return false
}

// stopWithin are opt-out phrases that name what is to end, and so mean the same among
// other words: "Stop texting me I have moved".
var stopWithin = regexp.MustCompile(`(?:^| )(?:` + strings.Join([]string{
	`(?:STOP|QUIT) (?:TEXTING|MESSAGING|MSGING|CONTACTING|SPAMMING|BOTHERING|HARASSING|PESTERING|REMINDING) (?:ME|US|THIS NUMBER|THIS PHONE)`,
	`STOP SENDING(?: (?:ME|US))? ` + sayWhich + sayTexts,
	`STOP (?:THE|THESE|THOSE|ALL|ANY|YOUR) ` + sayWhich + sayTexts,
	`(?:DONT|DO NOT) (?:TEXT|TXT|MESSAGE|MSG|CONTACT) (?:ME|US|THIS NUMBER|MY PHONE)`,
	`(?:DONT|DO NOT) SEND (?:ME|US) ` + sayWhich + sayTexts,
	`NO MORE ` + sayTexts, `I (?:DONT|DO NOT) WANT ` + sayWhich + sayTexts, `I (?:DONT|DO NOT) WANT TO (?:GET|RECEIVE) ` + sayWhich + sayTexts,
	`UNSUBSCRIBE`, `OPT (?:ME |US )?OUT (?:OF|FROM) ` + sayWhich + sayTexts,
	`(?:REMOVE|DELETE) (?:MY|THIS)(?: PHONE| MOBILE)? NUMBER`, `(?:TAKE|REMOVE) (?:ME|MY NUMBER) (?:OFF|FROM) ` + sayWhich + sayTexts,
}, `|`) + `)(?: |$)`)

// What stands right before such a phrase: threats and reproaches leave it what it is, a
// denial turns it round, a request leaves it, and a question about what has happened or
// might is none.
var (
	stopUrged  = before(`(?:IF|UNLESS) YOU (?:DONT|DO NOT)`, `(?:WHY|WHEN) (?:WONT|DONT|CANT|WILL|CAN) YOU(?: NOT| PLEASE)?`, `(?:KNOW|THANK|ARE|WARN|WARNED|HATE) YOU`)
	stopDenied = before(`(?:DONT|DO NOT|DIDNT|DID NOT|NEVER|NOT|WONT|CANT|CANNOT|WOULDNT|SHOULDNT)` +
		`(?: (?:WANT|ASK|ASKED|WISH|MEAN|MEANT|LIKE|NEED|SAY|SAID|TELL|TOLD|LET|EVER|ACTUALLY|TRYING|THEM|YOU|HIM|HER|IT|TO|PLEASE))*`)
	stopBegged = before(`(?:CAN|COULD|WILL|WOULD|MUST|PLEASE|NEED|WANT|LIKE) YOU(?: (?:ALL|LOT|TO|PLEASE|JUST))*`, `(?:TOLD|ASKED|TELLING|ASKING|BEGGED) YOU(?: TO)?`)
	stopMused  = before(`(?:DID|HAVE|HAS|IF|WHY|WHEN|DO|UNLESS|BEFORE|AFTER|UNTIL|WHO|WILL|SHOULD|MUST)(?: [A-Z]+){0,3}`, `YOU|THEY|THEYVE|YOUVE`)
)

// before makes one pattern of what a text may end with.
func before(phrases ...string) *regexp.Regexp {
	return regexp.MustCompile(`(?:^| )(?:` + strings.Join(phrases, `|`) + `)$`)
}

// saysStopWithin reports whether an opt-out phrase stands among other words that do not
// turn it round.
func saysStopWithin(text string) bool {
	for from := 0; ; {
		at := stopWithin.FindStringIndex(text[from:])
		if at == nil {
			return false
		}
		if meant(text[:from+at[0]]) {
			return true
		}
		from += at[1] - 1 // the space behind it may stand before the next
	}
}

// meant reports whether an opt-out phrase that stands behind some words is one.
func meant(behind string) bool {
	return stopUrged.MatchString(behind) || !stopDenied.MatchString(behind) && (stopBegged.MatchString(behind) || !stopMused.MatchString(behind))
}
